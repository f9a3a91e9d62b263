// SPDX-License-Identifier: GPL-2.0
/*
 * An RDMA device that does nothing, on a PCI device: modprobe hdl3_rdma slot=0000:00:12.0. The kernel
 * moves it between namespaces, for it can be taken away from the processes that use it; with movable=0
 * it cannot, and the kernel refuses.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <rdma/ib_verbs.h>

static char *slot = "";
module_param(slot, charp, 0444);
static bool movable = true;
module_param(movable, bool, 0444);

/* The kernel's macro wants a structure that begins with the device. */
struct own_device {
	struct ib_device ib;
};

static struct ib_device *device;
static struct pci_dev *parent;

static int query_device(struct ib_device *ib, struct ib_device_attr *attributes, struct ib_udata *u)
{
	return 0;
}

static int query_port(struct ib_device *ib, u32 port, struct ib_port_attr *attributes)
{
	attributes->state = IB_PORT_DOWN;
	return 0;
}

static int get_port_immutable(struct ib_device *ib, u32 port, struct ib_port_immutable *immutable)
{
	immutable->core_cap_flags = RDMA_CORE_PORT_USNIC;
	return 0;
}

static enum rdma_link_layer get_link_layer(struct ib_device *ib, u32 port)
{
	return IB_LINK_LAYER_ETHERNET;
}

static void disassociate_ucontext(struct ib_ucontext *context)
{
}

static struct ib_device_ops operations = {
	.owner = THIS_MODULE,
	.driver_id = RDMA_DRIVER_UNKNOWN,
	.query_device = query_device,
	.query_port = query_port,
	.get_port_immutable = get_port_immutable,
	.get_link_layer = get_link_layer,
	.disassociate_ucontext = disassociate_ucontext,
};

static int __init start(void)
{
	unsigned int domain, bus, number, function;
	struct own_device *own;
	int error;

	if (sscanf(slot, "%x:%x:%x.%x", &domain, &bus, &number, &function) != 4)
		return -EINVAL;
	parent = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(number, function));
	if (!parent)
		return -ENODEV;
	own = ib_alloc_device(own_device, ib);
	if (!own) {
		pci_dev_put(parent);
		return -ENOMEM;
	}
	device = &own->ib;
	device->phys_port_cnt = 1;
	device->node_type = RDMA_NODE_RNIC;
	device->dev.parent = &parent->dev;
	if (!movable)
		operations.disassociate_ucontext = NULL;
	ib_set_device_ops(device, &operations);
	error = ib_register_device(device, "hdl3ib%d", NULL);
	if (error) {
		ib_dealloc_device(device);
		pci_dev_put(parent);
	}
	return error;
}

static void __exit stop(void)
{
	ib_unregister_device(device);
	ib_dealloc_device(device);
	pci_dev_put(parent);
}

module_init(start);
module_exit(stop);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("An RDMA device that does nothing");
