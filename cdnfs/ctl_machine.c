#include "cdnfs/ctl_machine.h"
#include "cdnfs/settings.h"
#include "common/size.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#define DEVICE "/dev/fuse"
#define HELPER "fusermount3"
#define HELPER_CONF "/etc/fuse.conf"
#define CONF SETTINGS_FILE
#define STAGING_LOW (1ULL << 30)
#define FUSE_MAJOR 10
#define FUSE_MINOR 229

/* The first program of that name in PATH, or where libfuse looks, too. */
static bool find_program(const char *name, char *out, size_t cap)
{
	const char *path = getenv("PATH");
	char *all = NULL, *rest, *dir;
	bool there = false;

	if (asprintf(&all, "%s:/usr/bin:/bin:/usr/local/bin", path ? path : "") < 0)
		return false;
	rest = all;
	while (!there && (dir = strsep(&rest, ":"))) {
		int n = *dir ? snprintf(out, cap, "%s/%s", dir, name) : -1;

		there = n > 0 && (size_t)n < cap && access(out, X_OK) == 0;
	}
	free(all);
	return there;
}

static void check_device(struct ctl_findings *out)
{
	static const char container[] =
		"load the module: modprobe fuse; a container needs --device " DEVICE;
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;
	struct stat st;

	if (fd >= 0)
		(void)close(fd); /* nothing was asked of it */
	if (rc == -EACCES || rc == -EPERM)
		ctl_found(out, "fuse-device",
			"chmod 666 " DEVICE
			" (udev does it by itself); a container needs --device " DEVICE,
			DEVICE " may not be opened: %s", strerror(-rc));
	else if (rc < 0)
		ctl_found(out, "fuse-device", container, DEVICE ": %s", strerror(-rc));
	else if (stat(DEVICE, &st) < 0 || !S_ISCHR(st.st_mode) || major(st.st_rdev) != FUSE_MAJOR ||
		 minor(st.st_rdev) != FUSE_MINOR)
		ctl_found(out, "fuse-device", container, DEVICE " is not the kernel's device");
	else
		ctl_fine(out, "fuse-device", DEVICE " can be opened");
}

static void check_helper(struct ctl_findings *out)
{
	char path[PATH_MAX];
	struct stat st;
	bool root = geteuid() == 0;

	if (!find_program(HELPER, path, sizeof(path))) {
		(root ? ctl_noted : ctl_found)(out, "fusermount", "apt install fuse3",
			HELPER " is missing: users cannot mount");
		return;
	}
	if (stat(path, &st) < 0 || st.st_uid != 0 || !(st.st_mode & S_ISUID))
		(root ? ctl_noted : ctl_found)(out, "fusermount",
			"chown root it and chmod u+s it, or apt install --reinstall fuse3",
			"%s is not setuid root: users cannot mount", path);
	else
		ctl_fine(out, "fusermount", "%s is there, for users", path);
}

static void check_others(struct ctl_findings *out)
{
	static const char word[] = "user_allow_other";
	FILE *f = fopen(HELPER_CONF, "re");
	char line[256];
	bool allowed = false;

	while (f && !allowed && fgets(line, sizeof(line), f)) {
		const char *at = line + strspn(line, " \t");

		allowed = strncmp(at, word, sizeof(word) - 1) == 0 &&
			  at[sizeof(word) - 1 + strspn(at + sizeof(word) - 1, " \t\r\n")] == '\0';
	}
	if (f)
		(void)fclose(f); /* was only read */
	if (allowed)
		ctl_fine(out, "allow-other", "users may mount with allow_other");
	else
		ctl_noted(out, "allow-other",
			"if they are to, root adds the line user_allow_other to " HELPER_CONF,
			"users may not mount with allow_other; others cannot enter their mounts");
}

static bool parent_there(const char *path)
{
	char parent[PATH_MAX], *slash;
	struct stat st;

	(void)snprintf(parent, sizeof(parent), "%s", path); /* a longer one is no path */
	slash = strrchr(parent, '/');
	if (!slash)
		return true;
	slash[slash == parent] = '\0';
	return stat(parent, &st) == 0 && S_ISDIR(st.st_mode);
}

static void check_staging(const char *path, struct ctl_findings *out)
{
	char room[32];
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT && parent_there(path)) {
		ctl_noted(out, "staging", "the first mount makes it; nothing needs to be done",
			"the folder for staging, %s, is not there yet", path);
	} else if (statfs(path, &fs) < 0) {
		ctl_found(out, "staging", "name another folder: -o staging=, staging in " CONF,
			"the folder for staging, %s, cannot be used: %s", path, strerror(errno));
	} else if (!S_ISDIR(st.st_mode) || access(path, W_OK | X_OK) < 0) {
		ctl_found(out, "staging", "chown or chmod it, or name another: -o staging=",
			"the folder for staging, %s, may not be written by who asks", path);
	} else if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) {
		ctl_found(out, "staging", "name a folder on a disk: -o staging=, staging in " CONF,
			"the folder for staging, %s, is in memory", path);
	} else if (st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX)) {
		ctl_found(out, "staging", "chmod o-w it",
			"everybody may change the folder for staging, %s", path);
	} else if ((uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize < STAGING_LOW) {
		ctl_found(out, "staging", "make room, or name another folder: -o staging=",
			"the disk of the folder for staging, %s, has room for %s only; a file that "
			"is written must fit there",
			path,
			size_format(
				(uint64_t)fs.f_bavail * (uint64_t)fs.f_bsize, room, sizeof(room)));
	} else {
		ctl_fine(out, "staging", "files can be staged in %s", path);
	}
}

static void check_token(const char *path, struct ctl_findings *out)
{
	struct stat st;

	if (stat(path, &st) < 0)
		ctl_found(out, "token-file", "write it, or name the right one with token_file",
			"the token file %s: %s", path, strerror(errno));
	else if (access(path, R_OK) < 0)
		ctl_found(out, "token-file", "chgrp it to who mounts, and chmod 640",
			"the token file %s may not be read by who asks", path);
	else if (st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP))
		ctl_found(out, "token-file", "chmod 640 it, 600 when only its owner mounts",
			"the token file %s can be %s by others", path,
			st.st_mode & (S_IWOTH | S_IWGRP) ? "changed" : "read");
	else
		ctl_fine(out, "token-file", "the token file %s is not for others", path);
}

static void check_conf(const char *error, struct ctl_findings *out)
{
	struct stat st;

	if (stat(CONF, &st) < 0 && errno == ENOENT && !*error)
		return; /* it need not be there */
	if (access(CONF, R_OK) < 0 && errno != ENOENT)
		ctl_found(out, "configuration", "chmod 644 " CONF,
			CONF " may not be read by who asks: %s", strerror(errno));
	else if (*error)
		ctl_found(out, "configuration", "correct it: man cdnfs.conf", "%s", error);
	else if (st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH))
		ctl_found(out, "configuration", "chown root " CONF "; chmod 644 " CONF,
			CONF " can be changed by others than root");
	else
		ctl_fine(out, "configuration", CONF " is root's");
}

void ctl_machine_check(const struct ctl *c, struct ctl_findings *out)
{
	char path[PATH_MAX];

	check_conf(c->machine_error, out);
	if (c->token_file)
		check_token(c->token_file, out);
	if (!find_program("cdnfs", path, sizeof(path))) {
		ctl_noted(out, "cdnfs", "install the package cdnfs if this machine is to mount",
			"cdnfs is not installed here: what a mount needs was not looked at");
		return;
	}
	check_device(out);
	check_helper(out);
	check_others(out);
	if (c->staging)
		check_staging(c->staging, out);
}
