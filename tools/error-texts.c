/*
 * Writes the texts of errors by the C library of the machine that builds, as lines "[2] = TEXT,":
 * the executable is linked with another one, which has words of its own for them.
 */
#include <stdio.h>
#include <string.h>

int main(void) {
  for (int number = 0; number < 134; number++) {
    const char *text = strerror(number);
    if (strchr(text, '"') || strchr(text, '\\')) return 1;
    if (strncmp(text, "Unknown", 7) != 0) (void)printf("[%d] = \"%s\",\n", number, text);
  }
  return 0;
}
