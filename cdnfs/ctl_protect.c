#include "cdnfs/ctl_protect.h"
#include "cdnfs/ctl_print.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define KEPT "trusted.cdnfs.mode" /* the mode that 0 replaced, octal text */
#define MODE_USUAL 0755

struct folder {
	struct ctl *c;
	const char *path;
	int fd;
	mode_t mode;
	bool flagged; /* its file system has attributes */
	int flags;    /* FS_*_FL */
};

static int refuse(const struct folder *f, int rc, const char *why)
{
	return ctl_fail(f->c, rc, "%s: %s", f->path, why);
}

/* The root of a mount: what is done here would not be done to the folder below. */
static int check_unmounted(const struct folder *f)
{
	struct stat here, above;
	struct statx sx;

	if (statx(f->fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx) == 0 &&
		sx.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return sx.stx_attributes & STATX_ATTR_MOUNT_ROOT ? -EBUSY : 0;
	/* before Linux 5.8 */
	if (fstat(f->fd, &here) < 0 || fstatat(f->fd, "..", &above, 0) < 0)
		return -errno;
	return here.st_dev != above.st_dev || here.st_ino == above.st_ino ? -EBUSY : 0;
}

static int folder_open(struct ctl *c, const char *path, struct folder *f)
{
	struct stat st;
	int rc;

	*f = (struct folder){ .c = c, .path = path, .fd = -1 };
	if (geteuid() != 0)
		return refuse(f, -EPERM, "only root may do this");
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) < 0) {
		rc = -errno;
		if (rc == -ENOTCONN)
			return refuse(f, -EBUSY, "a dead mount is there; umount -l it first");
		return refuse(f, rc, strerror(-rc));
	}
	f->mode = st.st_mode & 07777;
	rc = check_unmounted(f);
	if (rc == -EBUSY)
		return refuse(f, rc, "something is mounted there; umount it first");
	if (rc < 0)
		return refuse(f, rc, strerror(-rc));
	f->flagged = ioctl(f->fd, FS_IOC_GETFLAGS, &f->flags) == 0;
	return 0;
}

static void folder_close(struct folder *f)
{
	if (f->fd >= 0)
		(void)close(f->fd); /* was only read */
}

static int check_empty(const struct folder *f)
{
	int copy = openat(f->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;
	bool empty = true;

	if (!d) {
		int rc = -errno;

		if (copy >= 0)
			(void)close(copy); /* was only read */
		return refuse(f, rc, strerror(-rc));
	}
	while (empty && (e = readdir(d)))
		empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
	(void)closedir(d); /* was only read */
	return empty ? 0 : refuse(f, -ENOTEMPTY, "is not empty; a mount would hide what it holds");
}

/* by: NULL, nothing protects it. */
static void say(const struct folder *f, const char *by, bool changed, const char *sentence)
{
	cJSON *o;

	if (!f->c->json) {
		fprintf(f->c->screen.out, "%s: %s\n", f->path, sentence);
		return;
	}
	o = cJSON_CreateObject();
	json_add_lossy(o, "path", f->path, strlen(f->path));
	cJSON_AddBoolToObject(o, "protected", by != NULL);
	if (by)
		cJSON_AddStringToObject(o, "by", by);
	cJSON_AddBoolToObject(o, "changed", changed);
	ctl_print_json(f->c->screen.out, o);
	cJSON_Delete(o);
}

/* 0; -EOPNOTSUPP when the file system, or a container, does not have it. */
static int set_immutable(struct folder *f, bool on)
{
	int flags = on ? f->flags | FS_IMMUTABLE_FL : f->flags & ~FS_IMMUTABLE_FL;

	if (!f->flagged)
		return -EOPNOTSUPP;
	if (ioctl(f->fd, FS_IOC_SETFLAGS, &flags) == 0)
		return 0;
	switch (errno) {
	case ENOTTY:
	case ENOSYS:
	case EINVAL:
	case EPERM: /* CAP_LINUX_IMMUTABLE is missing */
		return -EOPNOTSUPP;
	default:
		return -errno;
	}
}

static int close_mode(const struct folder *f)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%04o", (unsigned)f->mode);

	(void)fsetxattr(f->fd, KEPT, text, (size_t)len, 0); /* not kept: MODE_USUAL stands for it */
	return fchmod(f->fd, 0) < 0 ? -errno : 0;
}

static mode_t kept_mode(const struct folder *f)
{
	char text[16] = "", *end;
	unsigned long mode;

	if (fgetxattr(f->fd, KEPT, text, sizeof(text) - 1) <= 0)
		return MODE_USUAL;
	mode = strtoul(text, &end, 8);
	return *end || mode > 07777 ? MODE_USUAL : (mode_t)mode;
}

static int protect(struct folder *f)
{
	int rc;

	if (f->flagged && f->flags & FS_IMMUTABLE_FL) {
		say(f, "immutable", false, "is protected already: it is immutable");
		return 0;
	}
	rc = check_empty(f);
	if (rc < 0)
		return rc;
	rc = set_immutable(f, true);
	if (rc == 0) {
		say(f, "immutable", true,
			"is immutable now: nobody can write there until something is mounted");
		return 0;
	}
	if (rc != -EOPNOTSUPP)
		return refuse(f, rc, strerror(-rc));
	if (f->mode == 0) {
		say(f, "mode", false, "is protected already: its mode is 0");
		return 0;
	}
	rc = close_mode(f);
	if (rc < 0)
		return refuse(f, rc, strerror(-rc));
	say(f, "mode", true,
		"has mode 0 now: nobody but root can write there until something is mounted. "
		"Its file system cannot make it immutable, which would stop root, too");
	return 0;
}

static int unprotect(struct folder *f)
{
	bool immutable = f->flagged && f->flags & FS_IMMUTABLE_FL;
	int rc = 0;

	if (!immutable && f->mode != 0) {
		say(f, NULL, false, "is not protected");
		return 0;
	}
	if (immutable) {
		rc = set_immutable(f, false);
	} else {
		rc = fchmod(f->fd, kept_mode(f)) < 0 ? -errno : 0;
		(void)fremovexattr(f->fd, KEPT); /* there may be none */
	}
	if (rc < 0)
		return refuse(f, rc,
			rc == -EOPNOTSUPP ? "is immutable, and this process may not change that"
					  : strerror(-rc));
	say(f, NULL, true, "can be written to again");
	return 0;
}

static int run(struct ctl *c, const char *path, int (*what)(struct folder *f))
{
	struct folder f;
	int rc = folder_open(c, path, &f);

	if (rc == 0)
		rc = what(&f);
	folder_close(&f);
	return rc;
}

int ctl_protect(struct ctl *c, char **argv)
{
	return run(c, argv[0], protect);
}

int ctl_unprotect(struct ctl *c, char **argv)
{
	return run(c, argv[0], unprotect);
}
