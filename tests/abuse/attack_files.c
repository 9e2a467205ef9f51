/* SPDX-License-Identifier: Apache-2.0 */
/* Lines 20 to 23 and 40: files of the host, layers of the overlay, modes and attributes. */
#include "attack.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#define HIGH 0xffffffff00000000UL
#define SOME_HOST_FILE "/usr/lib/os-release"

static int make(const char *path)
{
        return open(path, O_RDWR | O_CREAT, 0644);
}

/* ---- 20: the host's files ---- */

ATTEMPT(write_usr)
{
        return answer(make("/usr/cupel-abuse"));
}
ATTEMPT(write_etc)
{
        return answer(make("/etc/cupel-abuse"));
}
ATTEMPT(write_root)
{
        return CALL(SYS_mkdirat, AT_FDCWD, "/cupel-abuse", 0755);
}
ATTEMPT(write_cupel)
{
        return answer(make("/cupel/abuse"));
}
ATTEMPT(write_dev)
{
        return answer(make("/dev/abuse"));
}
ATTEMPT(shadow)
{
        return answer(open("/etc/shadow", O_RDONLY));
}
ATTEMPT(replace_program)
{
        return CALL(SYS_unlinkat, AT_FDCWD, "/cupel/bin", AT_REMOVEDIR);
}

static int none_exists(const char *const *paths)
{
        for (; *paths; paths++)
                if (access(*paths, F_OK) == 0) {
                        explain("%s is there", *paths);
                        return GAINED;
                }
        return HELD;
}

ATTEMPT(host_folders)
{
        static const char *const paths[] = {
                "/run/lock",   "/sys",     "/boot",    "/mnt",       "/media",
                "/lost+found", "/var/lib", "/var/log", "/var/spool", "/proc/1/task/1/root/etc",
                NULL};

        return none_exists(paths);
}

ATTEMPT(host_devices)
{
        static const char *const paths[] = {"/dev/mem",         "/dev/kmsg",  "/dev/fuse",    "/dev/kvm",
                                            "/dev/ptmx",        "/dev/port",  "/dev/net/tun", "/dev/loop-control",
                                            "/dev/loop0",       "/dev/vda",   "/dev/sda",     "/dev/nvme0n1",
                                            "/dev/vhost-net",   "/dev/vsock", "/dev/dri",     "/dev/input",
                                            "/dev/userfaultfd", "/dev/hwrng", "/dev/mqueue",  NULL};

        return none_exists(paths);
}

/* Entries of a folder but ".", ".." and those that lead to the worktree. */
static int is_empty(const char *path)
{
        DIR *folder = opendir(path);
        char here[4096];
        struct dirent *entry;
        int result = HELD;
        size_t len = strlen(path);

        if (!folder)
                return errno == ENOENT || errno == EACCES ? HELD : BROKEN;
        if (!getcwd(here, sizeof(here)))
                return BROKEN;
        while ((entry = readdir(folder))) {
                const char *rest = strncmp(here, path, len) == 0 && here[len] == '/' ? here + len + 1 : "";
                size_t first = strcspn(rest, "/");

                if (entry->d_name[0] == '.' ||
                    (strlen(entry->d_name) == first && strncmp(entry->d_name, rest, first) == 0))
                        continue;
                explain("%s/%s", path, entry->d_name);
                result = GAINED;
        }
        closedir(folder);
        return result;
}

ATTEMPT(root_home)
{
        return is_empty("/root");
}
ATTEMPT(host_home)
{
        return is_empty(getenv("HOME"));
}

static bool has_option(const char *options, const char *name)
{
        size_t len = strlen(name);

        for (const char *at = options; (at = strstr(at, name)); at += len)
                if ((at == options || at[-1] == ',') && (at[len] == ',' || !at[len]))
                        return true;
        return false;
}

static bool may_be_written(const char *at, const char *worktree)
{
        static const char *const known[] = {"/tmp", "/var/tmp", "/dev/shm"};
        const char *home = getenv("HOME");

        for (size_t i = 0; i < 3; i++)
                if (strcmp(at, known[i]) == 0)
                        return true;
        return (home && strcmp(at, home) == 0) || strncmp(worktree, at, strlen(at)) == 0 ||
               strncmp(at, "/dev/", 5) == 0;
}

/* /proc/self/mounts: source, place, type, options */
ATTEMPT(mount_flags)
{
        FILE *file = fopen("/proc/self/mounts", "re");
        char line[8192], at[4096], options[4096], worktree[4096];
        int lines = 0;

        if (!file || !getcwd(worktree, sizeof(worktree)))
                return BROKEN;
        while (fgets(line, sizeof(line), file) && sscanf(line, "%*s %4095s %*s %4095s", at, options) == 2) {
                bool device = strncmp(at, "/dev/", 5) == 0 && strcmp(at, "/dev/shm") != 0;
                bool mask = strncmp(at, "/proc/", 6) == 0;
                bool root = strcmp(at, "/") == 0;

                lines++;
                explain("%.400s", line);
                if (!has_option(options, "nosuid") || (!device && !mask && !has_option(options, "nodev")))
                        return GAINED;
                if ((root || (!mask && !may_be_written(at, worktree))) && !has_option(options, "ro"))
                        return GAINED;
        }
        return lines > 5 ? HELD : BROKEN;
}

ATTEMPT(change_shown)
{
        int result = CALL(SYS_fchmodat, AT_FDCWD, SOME_HOST_FILE, 0777);

        return result == EROFS ? CALL(SYS_utimensat, AT_FDCWD, SOME_HOST_FILE, NULL, 0) : result;
}

/* ---- 21: layers ---- */

ATTEMPT(mknod_whiteout)
{
        return CALL(SYS_mknodat, AT_FDCWD, "whiteout", S_IFCHR, 0);
}

ATTEMPT(rename_whiteout)
{
        close(make("from"));
        return CALL(SYS_renameat2, AT_FDCWD, "from", AT_FDCWD, "to", 4 /* RENAME_WHITEOUT */);
}

/* Either refused or stored as something that the overlay does not read. */
ATTEMPT(overlay_xattrs)
{
        static const char *const names[] = {"user.overlay.opaque",   "user.overlay.redirect", "user.overlay.metacopy",
                                            "user.overlay.whiteout", "user.overlay.origin",   "user.overlay.impure"};

        mkdir("folder", 0755);
        close(make("folder/file"));
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
                setxattr("folder", names[i], "y", 1, 0);
                setxattr("folder/file", names[i], "/etc/passwd", 11, 0);
        }
        return access("folder/file", F_OK) == 0 && mkdir("folder/more", 0755) == 0 ? HELD : GAINED;
}

ATTEMPT(trusted_xattr)
{
        mkdir("folder", 0755);
        return CALL(SYS_setxattr, "folder", "trusted.overlay.opaque", "y", 1, 0);
}

/* ---- 22: modes and attributes ---- */

ATTEMPT(chmod_setuid)
{
        close(make("f"));
#ifdef SYS_chmod
        return CALL(SYS_chmod, "f", 04755);
#else
        return CALL(SYS_fchmodat, AT_FDCWD, "f", 04755);
#endif
}

ATTEMPT(chmod_high_bits)
{
        close(make("f"));
        return CALL(SYS_fchmodat, AT_FDCWD, "f", HIGH | 04755);
}

ATTEMPT(fchmod_setgid)
{
        return CALL(SYS_fchmod, make("f"), 02755);
}

ATTEMPT(fchmodat_setuid)
{
        close(make("f"));
        return CALL(SYS_fchmodat, AT_FDCWD, "f", 04755);
}

ATTEMPT(fchmodat2_setuid)
{
        close(make("f"));
        return CALL(452, AT_FDCWD, "f", 04755, 0);
}

ATTEMPT(file_capability)
{
        static const unsigned char all[20] = {1, 0, 0, 2, 255, 255, 255, 255, 255, 255, 255, 255};

        return CALL(SYS_fsetxattr, make("f"), "security.capability", all, sizeof(all), 0);
}

ATTEMPT(immutable)
{
        int flags = FS_IMMUTABLE_FL;

        return CALL(SYS_ioctl, make("f"), FS_IOC_SETFLAGS, &flags);
}

ATTEMPT(device_node)
{
        return CALL(SYS_mknodat, AT_FDCWD, "disk", S_IFBLK | 0666, makedev(8, 0));
}
ATTEMPT(device_node_tmp)
{
        return CALL(SYS_mknodat, AT_FDCWD, "/tmp/mem", S_IFCHR | 0666, makedev(1, 1));
}

/* ---- 23: links, clones, reopening ---- */

ATTEMPT(link_host_file)
{
        return CALL(SYS_linkat, AT_FDCWD, SOME_HOST_FILE, AT_FDCWD, "link", 0);
}

ATTEMPT(link_descriptor)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", open(SOME_HOST_FILE, O_PATH));
        return CALL(SYS_linkat, AT_FDCWD, path, AT_FDCWD, "link", AT_SYMLINK_FOLLOW);
}

ATTEMPT(clone_host_file)
{
        return CALL(SYS_ioctl, make("f"), FICLONE, open(SOME_HOST_FILE, O_RDONLY));
}

ATTEMPT(reopen_path)
{
        char path[64];

        snprintf(path, sizeof(path), "/proc/self/fd/%d", open(SOME_HOST_FILE, O_PATH));
        return open_for_writing(path);
}

/* ---- 40: beyond the list ---- */

ATTEMPT(walk_up)
{
        struct stat root, top;

        for (int i = 0; i < 1000; i++)
                if (chdir("..") < 0)
                        return BROKEN;
        if (stat("/", &root) < 0 || stat(".", &top) < 0)
                return BROKEN;
        return root.st_ino == top.st_ino && root.st_dev == top.st_dev && access("./cupel", F_OK) == 0 ? HELD : GAINED;
}

/* Without a notes socket (a step outside of a run) there is nobody to send it to. */
ATTEMPT(send_folder)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
        struct iovec part = {(void *)(unsigned long)"{}\n", 3};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/cupel/notes.sock"};
        int fd = socket(AF_UNIX, SOCK_STREAM, 0), folder = open(".", O_RDONLY | O_DIRECTORY);
        struct cmsghdr *message = CMSG_FIRSTHDR(&header);
        char reply[256];

        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                return answer(-1);
        message->cmsg_level = SOL_SOCKET;
        message->cmsg_type = SCM_RIGHTS;
        message->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(message), &folder, sizeof(int));
        if (sendmsg(fd, &header, MSG_NOSIGNAL) < 0)
                return answer(-1);
        /* the reply says that the line was read, without the descriptor */
        return read(fd, reply, sizeof(reply)) > 0 ? HELD : EPIPE;
}

ATTEMPT(inotify_host)
{
        int fd = inotify_init1(IN_NONBLOCK);
        char events[4096];

        if (fd < 0 || inotify_add_watch(fd, "/", IN_ALL_EVENTS) < 0)
                return HELD;
        return read(fd, events, sizeof(events)) > 0 ? GAINED : HELD;
}

ATTEMPT(lease_shown)
{
        return CALL(SYS_fcntl, open(SOME_HOST_FILE, O_RDONLY), F_SETLEASE, F_WRLCK);
}

ATTEMPT(lock_shown)
{
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

        return CALL(SYS_fcntl, open(SOME_HOST_FILE, O_RDONLY), F_SETLK, &lock);
}

ATTEMPT(lock_folder)
{
        return CALL(SYS_flock, open(SOME_HOST_FILE, O_RDONLY), LOCK_EX | LOCK_NB);
}

ATTEMPT(verity)
{
        struct fsverity_enable_arg arg = {.version = 1, .hash_algorithm = 1, .block_size = 4096};

        close(make("f"));
        return CALL(SYS_ioctl, open("f", O_RDONLY), FS_IOC_ENABLE_VERITY, &arg);
}

ATTEMPT(project_id)
{
        struct fsxattr attributes = {.fsx_projid = 4242};

        return CALL(SYS_ioctl, make("f"), FS_IOC_FSSETXATTR, &attributes);
}

ATTEMPT(give_away)
{
        return CALL(SYS_fchown, make("f"), 0, 0);
}

/* Wanted by honest programs, and with nothing to gain: the filter is inherited. */
ATTEMPT(exec_shm)
{
        static const char script[] = "#!/bin/sh\nexit 0\n";
        const char *const argv[] = {"/dev/shm/cupel-abuse", NULL};
        char output[256];
        int fd = open(argv[0], O_WRONLY | O_CREAT | O_TRUNC, 0755);

        if (fd < 0 || write(fd, script, sizeof(script) - 1) < 0)
                return answer(-1);
        close(fd);
        return run_program(argv, output, sizeof(output)) == 0 ? WORKED : GAINED;
}
