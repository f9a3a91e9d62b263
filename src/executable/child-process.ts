import * as host from 'host:child'
import type { RunChild } from '../ipam/child-process.js'

/** In place of ipam/child-process.ts: the host runs the program, and waits for it. */
export const runChild: RunChild = async (...parameters) => host.runChild(...parameters)
