/* A fuzzer's target without libFuzzer, over the files of a folder: what was found once stays among the tests, with every
 * compiler and sanitizer. */
#include "base/check.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20 };

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* in memory of exactly its size, so that a byte read beyond is noticed */
static void run(const char *folder, const char *name)
{
    static uint8_t bytes[INPUT_MAX];
    char path[4096];
    CHECK(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
    puts(path); /* before it is tried */
    fflush(stdout);
    FILE *in = fopen(path, "re");
    CHECK(in);
    size_t size = fread(bytes, 1, sizeof bytes, in);
    CHECK(!ferror(in) && size < sizeof bytes);
    fclose(in);
    uint8_t *input = xmalloc(size ? size : 1);
    memcpy(input, bytes, size);
    LLVMFuzzerTestOneInput(input, size);
    free(input);
}

int main(int argc, char **argv)
{
    struct dirent **entries;
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &entries, is_visible, alphasort);
    CHECK(count > 0);
    for (int i = 0; i < count; i++) {
        run(argv[1], entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return 0;
}
