/*
 * The engine knows all of Unicode. The program uses none of this, of which there are 30 kB: it compares
 * no texts in the order of a language, and its expressions name no scripts and no sequences. The
 * linker has the engine call these (tools/build-executable.mjs).
 */
#include <stdlib.h>

#define ABSENT(name)                                                                               \
  _Noreturn void __wrap_##name(void);                                                              \
  _Noreturn void __wrap_##name(void) { abort(); }

ABSENT(unicode_normalize)
ABSENT(unicode_script)
ABSENT(unicode_sequence_prop)
