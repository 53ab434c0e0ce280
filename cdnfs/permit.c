#include "cdnfs/permit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "/dev/fuse"
#define HELPER "fusermount3"
#define HELPER_CONF "/etc/fuse.conf"

static int check_device(char *error, size_t cap)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	if (fd >= 0)
		(void)close(fd); /* nothing was asked of it */
	if (rc == -ENOENT || rc == -ENODEV || rc == -ENXIO)
		(void)snprintf(error, cap,
			DEVICE ": %s. Load the kernel's module (modprobe fuse); a container needs "
			       "--device " DEVICE,
			strerror(-rc));
	else if (rc < 0)
		(void)snprintf(error, cap,
			DEVICE
			": %s. Everybody must be able to read and write it (chmod 666 " DEVICE
			"); a container needs --device " DEVICE,
			strerror(-rc));
	return rc;
}

/* Where libfuse looks for it. */
static bool helper_there(void)
{
	const char *path = getenv("PATH");
	char *copy, *rest, *dir, full[4096];
	bool there = !access("/usr/bin/" HELPER, X_OK) || !access("/bin/" HELPER, X_OK);

	copy = rest = strdup(path ? path : "");
	while (!there && copy && (dir = strsep(&rest, ":"))) {
		int n = snprintf(full, sizeof(full), "%s/" HELPER, dir);

		there = n > 0 && (size_t)n < sizeof(full) && !access(full, X_OK);
	}
	free(copy);
	return there;
}

static bool others_allowed(void)
{
	static const char word[] = "user_allow_other";
	FILE *f = fopen(HELPER_CONF, "re");
	char line[256];
	bool allowed = false;

	while (f && !allowed && fgets(line, sizeof(line), f)) {
		const char *at = line + strspn(line, " \t");

		allowed = !strncmp(at, word, sizeof(word) - 1) &&
			  !at[sizeof(word) - 1 + strspn(at + sizeof(word) - 1, " \t\n")];
	}
	if (f)
		(void)fclose(f); /* was only read */
	return allowed;
}

static bool folder_mine(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	return !access(path, W_OK) && (!(st.st_mode & S_ISVTX) || st.st_uid == geteuid());
}

int permit_check(const struct options *o, const char *path, char *error, size_t cap)
{
	int rc = check_device(error, cap);

	if (rc < 0 || geteuid() == 0)
		return rc;
	if (!helper_there()) {
		(void)snprintf(error, cap,
			HELPER " is missing, which mounts for ordinary users: install the package "
			       "fuse3");
		return -ENOENT;
	}
	if (o->allow_other_set && !others_allowed()) {
		(void)snprintf(error, cap,
			"allow_other: an ordinary user needs the line user_allow_other "
			"in " HELPER_CONF ", which root writes");
		return -EPERM;
	}
	if (!folder_mine(path)) {
		(void)snprintf(error, cap,
			"mount point %s: is not yours. An ordinary user mounts on a folder that he "
			"may write in",
			path);
		return -EACCES;
	}
	return 0;
}
