/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without a fuzzer: each file that is named, or that is in a folder that is named, goes through it once. */
#include "lib/base/str.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
        _cleanup_str_ struct str text = {0};
        char piece[4096];
        size_t got;
        FILE *file = fopen(path, "rb");

        if (!file)
                return -1;
        while ((got = fread(piece, 1, sizeof(piece), file)) > 0)
                str_append(&text, piece, got);
        fclose(file);
        LLVMFuzzerTestOneInput((const uint8_t *)str_text(&text), text.len);
        return 0;
}

static int replay_folder(const char *path)
{
        DIR *folder = opendir(path);
        int count = 0;

        if (!folder)
                return replay_file(path) < 0 ? 0 : 1;
        for (struct dirent *entry; (entry = readdir(folder));) {
                char *name = xasprintf("%s/%s", path, entry->d_name);

                if (entry->d_name[0] != '.' && replay_file(name) == 0)
                        count++;
                free(name);
        }
        closedir(folder);
        return count;
}

int main(int argc, char **argv)
{
        int count = 0;

        for (int i = 1; i < argc; i++)
                count += replay_folder(argv[i]);
        printf("%d inputs\n", count);
        return count ? 0 : 1;
}
