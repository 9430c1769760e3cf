/*
 * Gives every file named on the command line to one fuzz target, once, with any
 * compiler: the seeds, and every input that once broke something, stay part of
 * the tests where libFuzzer is not at hand.  libFuzzer brings a main of its own;
 * this file is then left out.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX  (1024 * 1024)            /* bytes; libFuzzer's own limit */


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static int
replay(const char *name)
{
    FILE     *file;
    size_t    size;
    uint8_t  *whole, *exact;

    file = fopen(name, "rb");
    if (file == NULL) {
        perror(name);
        return 1;
    }

    whole = malloc(INPUT_MAX);
    if (whole == NULL) {
        perror("malloc");
        fclose(file);
        return 1;
    }

    size = fread(whole, 1, INPUT_MAX, file);
    fclose(file);

    /* Of the exact size, so that a sanitizer sees a read past its end. */
    exact = realloc(whole, size ? size : 1);
    if (exact == NULL) {
        free(whole);
        return 1;
    }

    (void) LLVMFuzzerTestOneInput(exact, size);
    free(exact);

    return 0;
}


int
main(int argc, char **argv)
{
    int  i, failed;

    failed = argc < 2;

    for (i = 1; i < argc; i++) {
        failed |= replay(argv[i]);
    }

    return failed;
}
