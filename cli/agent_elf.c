/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A 64-bit ELF file of this machine's byte order, read and never started (what ldd would do): its loader, and by DT_NEEDED and
 * DT_RUNPATH (DT_RPATH) the folders that libraries of its own lie in. elf(5), ld.so(8). Whatever does not fit in the file is
 * taken as not there. Libraries that are found nowhere are the loader's to name, when the program is tried.
 */
#include "cli/agent_find.h"

#include "lib/base/cleanup.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEEDED_MAX 128

struct elf {
        const char *bytes;
        size_t len;
        const Elf64_Phdr *headers;
        size_t headers_len;
};

static const void *piece(const struct elf *elf, uint64_t offset, uint64_t len)
{
        return offset <= elf->len && len <= elf->len - offset ? elf->bytes + offset : NULL;
}

static const char *text_at(const struct elf *elf, uint64_t offset)
{
        return offset < elf->len && memchr(elf->bytes + offset, '\0', elf->len - offset) ? elf->bytes + offset : NULL;
}

static bool open_elf(struct elf *elf)
{
        const Elf64_Ehdr *header = piece(elf, 0, sizeof(*header));
        const uint16_t one = 1;
        unsigned char order = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;

        if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
            header->e_ident[EI_DATA] != order || header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % 8 != 0)
                return false;
        elf->headers_len = header->e_phnum;
        elf->headers = piece(elf, header->e_phoff, elf->headers_len * sizeof(Elf64_Phdr));
        return elf->headers != NULL;
}

static const Elf64_Phdr *find_header(const struct elf *elf, uint32_t type)
{
        for (size_t i = 0; i < elf->headers_len; i++)
                if (elf->headers[i].p_type == type)
                        return &elf->headers[i];
        return NULL;
}

/* Where an address lies in the file; past its end where nowhere. */
static uint64_t offset_of(const struct elf *elf, uint64_t address)
{
        for (size_t i = 0; i < elf->headers_len; i++) {
                const Elf64_Phdr *load = &elf->headers[i];

                if (load->p_type == PT_LOAD && address >= load->p_vaddr && address - load->p_vaddr < load->p_filesz)
                        return address - load->p_vaddr + load->p_offset;
        }
        return UINT64_MAX;
}

struct dynamic {
        const Elf64_Dyn *items;
        size_t len;
        uint64_t strings;
};

static uint64_t value_of(const struct dynamic *dynamic, int64_t tag)
{
        for (size_t i = 0; i < dynamic->len; i++)
                if (dynamic->items[i].d_tag == tag)
                        return dynamic->items[i].d_un.d_val;
        return UINT64_MAX;
}

static bool open_dynamic(const struct elf *elf, struct dynamic *ret)
{
        const Elf64_Phdr *header = find_header(elf, PT_DYNAMIC);

        if (!header || header->p_offset % 8 != 0 || !(ret->items = piece(elf, header->p_offset, header->p_filesz)))
                return false;
        ret->len = (size_t)(header->p_filesz / sizeof(*ret->items));
        ret->strings = offset_of(elf, value_of(ret, DT_STRTAB));
        return ret->strings != UINT64_MAX;
}

static const char *string_of(const struct elf *elf, const struct dynamic *dynamic, uint64_t value)
{
        return value > elf->len || dynamic->strings > elf->len ? NULL : text_at(elf, dynamic->strings + value);
}

/* Else an installed program would choose folders by naming whatever lies in them. */
static bool is_library(const char *folder, const char *name)
{
        _cleanup_free_ char *path = strchr(name, '/') ? NULL : xasprintf("%s/%s", folder, name);
        _cleanup_fd_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
        char magic[SELFMAG];

        return fd >= 0 && read(fd, magic, SELFMAG) == SELFMAG && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static bool has_needed(const struct elf *elf, const struct dynamic *dynamic, const char *folder)
{
        size_t looked = 0;

        for (size_t i = 0; i < dynamic->len && looked < NEEDED_MAX; i++) {
                const char *name = dynamic->items[i].d_tag == DT_NEEDED
                                           ? string_of(elf, dynamic, dynamic->items[i].d_un.d_val)
                                           : NULL;

                looked += name != NULL;
                if (name && is_library(folder, name))
                        return true;
        }
        return false;
}

/* One entry of a RUNPATH: $ORIGIN is the file's folder, or begins a path from there. */
static void take_entry(const struct elf *elf, const struct dynamic *dynamic, const char *entry, const char *origin,
                       struct strv *ret)
{
        static const char *const names[] = {"$ORIGIN", "${ORIGIN}"};
        _cleanup_free_ char *path = NULL, *real = NULL;

        for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !path; i++)
                if (strncmp(entry, names[i], strlen(names[i])) == 0)
                        path = xasprintf("%s%s", origin, entry + strlen(names[i]));
        if (!path && entry[0] == '/')
                path = xstrdup(entry);
        real = path ? realpath(path, NULL) : NULL;
        if (real && has_needed(elf, dynamic, real) && !strv_has(ret, real))
                strv_add(ret, real);
}

static void take_runpath(const struct elf *elf, const char *file, struct strv *ret)
{
        _cleanup_free_ char *origin = xmemdup(file, (size_t)(strrchr(file, '/') - file)), *list = NULL;
        struct dynamic dynamic = {0};
        const char *path;
        char *rest;

        if (!open_dynamic(elf, &dynamic))
                return;
        path = string_of(elf, &dynamic, value_of(&dynamic, DT_RUNPATH));
        if (!path)
                path = string_of(elf, &dynamic, value_of(&dynamic, DT_RPATH));
        list = xstrdup(path ? path : "");
        rest = list;
        for (char *entry; (entry = strsep(&rest, ":"));)
                take_entry(elf, &dynamic, entry, origin, ret);
}

static char *find_loader(const struct elf *elf)
{
        const Elf64_Phdr *header = find_header(elf, PT_INTERP);
        const char *loader = header ? text_at(elf, header->p_offset) : NULL;

        return loader && access(loader, X_OK) < 0 ? xstrdup(loader) : NULL;
}

void agent_elf(const char *file, struct strv *ret_folders, char **ret_loader)
{
        _cleanup_fd_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct elf elf = {0};
        struct stat st;
        void *bytes;

        *ret_loader = NULL;
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || file[0] != '/')
                return;
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
                return;
        elf = (struct elf){.bytes = bytes, .len = (size_t)st.st_size};
        if (open_elf(&elf)) {
                take_runpath(&elf, file, ret_folders);
                *ret_loader = find_loader(&elf);
        }
        munmap(bytes, (size_t)st.st_size);
}
