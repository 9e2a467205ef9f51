/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc of a step: rendered where it says who and where one is, copied where programs need the host's, and nothing else.
 * Copies of small files are cheaper than one mount per file, and cannot be sockets.
 */
#include "sandbox/kernel.h"
#include "sandbox/site.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPIED_MAX ((size_t)8 << 20)

/* Of these some are large, and one mount is cheaper than a copy. */
static const char *const bound_files[] = {"ld.so.cache",  "services",          "mime.types",
                                          "ssl/cert.pem", "ssl/ca-bundle.pem", "pki/tls/cert.pem"};

/* Each costs every sandbox about 15 microseconds: only what common tools miss when it is not there. */
static const char *const copied[] = {
        "ld.so.conf",     "localtime",      "timezone",       "protocols",       "os-release",
        "lsb-release",    "debian_version", "shells",         "locale.alias",    "locale.conf",
        "inputrc",        "bash.bashrc",    "manpath.config", "redhat-release",  "fedora-release",
        "alpine-release", "arch-release",   "system-release", "ssl/openssl.cnf", "pki/tls/openssl.cnf",
};

/*
 * Root's own folders: without them TLS, Java, Perl and fonts do not work. Of ssl and pki only these parts: beside them lie the
 * keys of the host's servers, in folders of any name, which root and members of their group may read.
 */
static const char *const bound[] = {
        "alternatives",
        "ssl/certs",
        "pki/ca-trust",
        "pki/java",
        "pki/tls/certs",
        "ca-certificates",
        "ld.so.conf.d",
        "perl",
        "fonts",
        "terminfo",
        "crypto-policies",
        "java",
        "java-8-openjdk",
        "java-11-openjdk",
        "java-17-openjdk",
        "java-21-openjdk",
        "java-25-openjdk",
        "maven",
        "ant",
        "dotnet",
        "python3",
        "python3.9",
        "python3.10",
        "python3.11",
        "python3.12",
        "python3.13",
        "python3.14",
        "node",
        "php",
        "R",
        "texmf",
        "xml",
        "sgml",
        "chromium",
        "chromium.d",
        "firefox",
};

/* A test suite that makes repositories of its own needs a committer, and need not own what a policy shows. */
/* git tells the runner what it is asked to do; where the socket is not (verifiers, tier D), it goes on without a word. */
const char etc_gitconfig[] = "[user]\n\tname = cupel agent\n\temail = agent@cupel.invalid\n[safe]\n\tdirectory = *\n"
                             "[trace2]\n\teventTarget = af_unix:stream:/cupel/notes.sock\n\teventNesting = 1\n";
/* The same for everybody: it says that there is one, and nothing of the machine. */
#define MACHINE_ID "00000000000000000000637570656c00\n"

/* Tier D has the host's own: names that are rendered elsewhere, and both lists. */
const char *const *etc_shown(void)
{
        static const char *const rendered[] = {"passwd",        "group",     "hosts", "hostname",
                                               "nsswitch.conf", "host.conf", "mtab"};
        static const size_t parts[] = {sizeof(rendered) / sizeof(*rendered), sizeof(copied) / sizeof(*copied),
                                       sizeof(bound_files) / sizeof(*bound_files), sizeof(bound) / sizeof(*bound)};
        static const char *names[sizeof(rendered) / sizeof(*rendered) + sizeof(copied) / sizeof(*copied) +
                                 sizeof(bound_files) / sizeof(*bound_files) + sizeof(bound) / sizeof(*bound) + 1];
        static const char *const *const lists[] = {rendered, copied, bound_files, bound};
        size_t len = 0;

        for (size_t list = 0; list < sizeof(lists) / sizeof(*lists); list++)
                for (size_t i = 0; i < parts[list]; i++)
                        names[len++] = lists[list][i];
        return names;
}

static int put(int etcfd, const char *name, const char *bytes, size_t len, struct err *err)
{
        _cleanup_fd_ int fd = openat(etcfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

        if (fd < 0 || fs_write_all(fd, bytes, len) < 0)
                return err_errno(err, "/etc/%s", name);
        return 0;
}

static int render(int etcfd, const char *name, const char *text, struct err *err)
{
        return put(etcfd, name, text, strlen(text), err);
}

static int render_all(const struct site *site, int etcfd, struct err *err)
{
        const struct sandbox_plan *plan = site->plan;
        _cleanup_str_ struct str passwd = {0}, group = {0};

        str_printf(&passwd, "root:x:0:0:root:/root:/usr/sbin/nologin\ncupel:x:%u:%u:cupel:%s:/bin/sh\n", plan->uid,
                   plan->gid, site->home);
        str_puts(&passwd, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
        str_printf(&group, "root:x:0:\ncupel:x:%u:\nnogroup:x:65534:\n", plan->gid);
        if (render(etcfd, "passwd", passwd.data, err) < 0 || render(etcfd, "group", group.data, err) < 0 ||
            render(etcfd, "hosts", "127.0.0.1 localhost cupel\n::1 localhost\n", err) < 0 ||
            render(etcfd, "hostname", "cupel\n", err) < 0 || render(etcfd, "gitconfig", etc_gitconfig, err) < 0 ||
            render(etcfd, "machine-id", MACHINE_ID, err) < 0 ||
            render(etcfd, "host.conf", "multi on\n", err) < 0) /* localhost is both of its addresses */
                return -1;
        if (symlinkat("/proc/self/mounts", etcfd, "mtab") < 0)
                return err_errno(err, "/etc/mtab");
        return render(etcfd, "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n", err);
}

/* For "pki/tls/certs": the folders above it. */
static int make_parents(int etcfd, const char *name, struct err *err)
{
        for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *parent = xmemdup(name, (size_t)(slash - name));

                if (mkdirat(etcfd, parent, 0755) < 0 && errno != EEXIST)
                        return err_errno(err, "mkdir /etc/%s", parent);
        }
        return 0;
}

static int copy_link(int hostfd, int etcfd, const char *name, struct err *err)
{
        char target[512];
        ssize_t len = readlinkat(hostfd, name, target, sizeof(target) - 1);

        if (len <= 0)
                return 0;
        target[len] = '\0';
        return symlinkat(target, etcfd, name) < 0 ? err_errno(err, "/etc/%s", name) : 0;
}

/* What is missing or unreadable on the host is missing inside. Links stay links where they lead into /usr. */
static int copy_one(int hostfd, int etcfd, const char *name, struct err *err)
{
        _cleanup_fd_ int fd = openat(hostfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        _cleanup_str_ struct str text = {0};
        struct stat status;
        struct err ignored;

        if (fd < 0 && errno != ELOOP)
                return 0;
        if (make_parents(etcfd, name, err) < 0)
                return -1;
        if (fd < 0)
                return copy_link(hostfd, etcfd, name, err);
        if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || fs_read_fd(fd, COPIED_MAX, &text, &ignored) < 0)
                return 0;
        return put(etcfd, name, str_text(&text), text.len, err);
}

static int bind_file(int hostfd, int etcfd, const char *name, struct err *err)
{
        struct stat status;

        if (fstatat(hostfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISLNK(status.st_mode))
                return copy_one(hostfd, etcfd, name, err);
        if (!S_ISREG(status.st_mode) || faccessat(hostfd, name, R_OK, AT_EACCESS) < 0)
                return 0;
        if (make_parents(etcfd, name, err) < 0 || put(etcfd, name, "", 0, err) < 0)
                return -1;
        return mount_bind_in(hostfd, etcfd, name, 0, err);
}

static int bind_one(int hostfd, int etcfd, const char *name, struct err *err)
{
        struct stat status;

        if (fstatat(hostfd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISLNK(status.st_mode) && strchr(name, '/')) /* ssl/certs is one into pki on some systems */
                return copy_one(hostfd, etcfd, name, err);
        if (!S_ISDIR(status.st_mode))
                return 0;
        if (make_parents(etcfd, name, err) < 0)
                return -1;
        if (mkdirat(etcfd, name, 0755) < 0)
                return err_errno(err, "mkdir /etc/%s", name);
        return mount_bind_in(hostfd, etcfd, name, 0, err);
}

int etc_build(int rootfd, struct err *err)
{
        _cleanup_fd_ int hostfd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int etcfd = -1;

        if (mkdirat(rootfd, "etc", 0755) < 0 ||
            (etcfd = openat(rootfd, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || hostfd < 0)
                return err_errno(err, "/etc");
        for (size_t i = 0; i < sizeof(bound_files) / sizeof(*bound_files); i++)
                if (bind_file(hostfd, etcfd, bound_files[i], err) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof(bound) / sizeof(*bound); i++)
                if (bind_one(hostfd, etcfd, bound[i], err) < 0)
                        return -1;
        return 0;
}

int etc_fill(const struct site *site, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/etc", site->root);
        _cleanup_fd_ int hostfd = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_fd_ int etcfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (hostfd < 0 || etcfd < 0)
                return err_errno(err, "/etc");
        if (render_all(site, etcfd, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(copied) / sizeof(*copied); i++)
                if (copy_one(hostfd, etcfd, copied[i], err) < 0)
                        return -1;
        return 0;
}
