/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel never lets libgit2 speak to a network, and the code for it is dear: its TLS backend parses the system's CA bundle
 * at start-up (4.6 ms per process, more than a whole trivial run), and SSH and GSSAPI would pull in two more libraries.
 * These are our definitions of the few symbols through which the static archive reaches that code; since this object is
 * in the link before the archive is searched (start.c refers to it), the archive's own members are never taken.
 *
 * With a shared libgit2 they are harmless: the library binds its own.
 */
#include "lib/git/no_network.h"

int git_mbedtls_stream_global_init(void);
int git_mbedtls_stream_new(void **ret, const char *host, const char *port);
int git_mbedtls_stream_wrap(void **ret, void *stream, const char *host);
int git_mbedtls__set_cert_location(const char *file, const char *path);
int git_transport_ssh_global_init(void);
int git_smart_subtransport_ssh(void **ret, void *owner, void *param);
int git_transport_ssh_with_paths(void **ret, void *owner, void *payload);
int git_http_auth_negotiate(void **ret, const void *url);

void git_without_network(void)
{
}

int git_mbedtls_stream_global_init(void)
{
        return 0;
}

int git_transport_ssh_global_init(void)
{
        return 0;
}

int git_mbedtls_stream_new(void **ret, const char *host, const char *port)
{
        (void)ret, (void)host, (void)port;
        return -1;
}

int git_mbedtls_stream_wrap(void **ret, void *stream, const char *host)
{
        (void)ret, (void)stream, (void)host;
        return -1;
}

int git_mbedtls__set_cert_location(const char *file, const char *path)
{
        (void)file, (void)path;
        return -1;
}

int git_smart_subtransport_ssh(void **ret, void *owner, void *param)
{
        (void)ret, (void)owner, (void)param;
        return -1;
}

int git_transport_ssh_with_paths(void **ret, void *owner, void *payload)
{
        (void)ret, (void)owner, (void)payload;
        return -1;
}

int git_http_auth_negotiate(void **ret, const void *url)
{
        (void)ret, (void)url;
        return -1;
}
