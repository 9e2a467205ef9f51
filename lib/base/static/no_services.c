/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a statically linked program of ours must never do: load code at run time, or ask a name service. Libraries that
 * could (SQLite's extensions, OpenSSL's engines, libgit2's and libuv's resolvers) reach these instead of libc's (the linker's
 * --wrap, CMakeLists.txt), and are told that there is none. Compiled into the programs only.
 */
#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stddef.h>

/* The linker knows the names; a declaration of each is owed to the compiler. */
void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result);
void __wrap_freeaddrinfo(struct addrinfo *list);
struct hostent *__wrap_gethostbyname(const char *name);
int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result);

void *__wrap_dlopen(const char *file, int mode)
{
        (void)file;
        (void)mode;
        return NULL;
}

void *__wrap_dlsym(void *handle, const char *name)
{
        (void)handle;
        (void)name;
        return NULL;
}

int __wrap_dlclose(void *handle)
{
        (void)handle;
        return -1;
}

char *__wrap_dlerror(void)
{
        static char text[] = "this program loads no code";

        return text;
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result)
{
        (void)node;
        (void)service;
        (void)hints;
        (void)result;
        return EAI_FAIL;
}

void __wrap_freeaddrinfo(struct addrinfo *list)
{
        (void)list;
}

struct hostent *__wrap_gethostbyname(const char *name)
{
        (void)name;
        return NULL;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result)
{
        (void)uid;
        (void)entry;
        (void)buffer;
        (void)size;
        *result = NULL;
        return ENOENT;
}
