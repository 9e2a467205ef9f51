/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fingerprint.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define NAME "fingerprint.key"

static int read_key(int folder, unsigned char ret[FINGERPRINT_KEY])
{
        _cleanup_fd_ int fd = openat(folder, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd < 0)
                return -1;
        if (read(fd, ret, FINGERPRINT_KEY) == FINGERPRINT_KEY)
                return 0;
        errno = EBADMSG;
        return -1;
}

/* Of two who make it at once both read the same one. */
static int make_key(int folder, struct err *err)
{
        unsigned char key[FINGERPRINT_KEY];
        int status;

        if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
                return err_errno(err, "getrandom");
        status = fs_publish_at(folder, NAME, key, sizeof(key), 0600, err);
        explicit_bzero(key, sizeof(key));
        return status;
}

int fingerprint_begin(struct fingerprint *print, const char *state_root, const char *purpose, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/keys", state_root);
        _cleanup_fd_ int folder = -1;

        *print = (struct fingerprint){0};
        if (fs_mkdir_p(path, 0700, err) < 0 || (folder = fs_open_dir(path, err)) < 0)
                return -1;
        if (read_key(folder, print->key) < 0 &&
            ((errno == ENOENT && make_key(folder, err) < 0) || read_key(folder, print->key) < 0))
                return err->code ? -1 : err_errno(err, "read %s/" NAME, path);
        fingerprint_add(print, purpose, strlen(purpose));
        return 0;
}

void fingerprint_add(struct fingerprint *print, const void *data, size_t len)
{
        const uint64_t length = len;

        str_append(&print->data, (const char *)&length, sizeof(length));
        str_append(&print->data, data, len);
}

void fingerprint_end(struct fingerprint *print, char ret_hex[HASH_HEX])
{
        hash_keyed(print->key, sizeof(print->key), print->data.data, print->data.len, ret_hex);
        explicit_bzero(print->data.data, print->data.len);
        str_release(&print->data);
        explicit_bzero(print, sizeof(*print));
}
