#include "cdnfs/ctl_exit.h"
#include "common/base.h"
#include <errno.h>

enum ctl_exit ctl_exit_of(int rc)
{
	switch (-rc) {
	case 0:
		return CTL_EXIT_OK;
	case ENOENT:
	case ENOTDIR:
		return CTL_EXIT_NOT_FOUND;
	case EAGAIN: /* 503 */
	case ECONNREFUSED:
	case ECONNRESET:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ETIMEDOUT:
		return CTL_EXIT_UNREACHABLE;
	case ENOSPC:
	case EDQUOT:
		return CTL_EXIT_NO_ROOM;
	case EACCES:
	case EPERM:
	case EROFS:
	case EEXIST: /* 409 */
	case ENOTEMPTY:
	case EBUSY:
		return CTL_EXIT_REFUSED;
	default:
		return CTL_EXIT_FAILED;
	}
}

void ctl_exit_help(FILE *out)
{
	static const char *const lines[] = {
		[CTL_EXIT_OK] = "done",
		[CTL_EXIT_FAILED] = "it failed; doctor, fsck: something is wrong",
		[CTL_EXIT_USAGE] = "wrong usage, or the file of an option cannot be used",
		[CTL_EXIT_NOT_FOUND] = "not found: a content, a path, a local file",
		[CTL_EXIT_UNREACHABLE] = "a server does not answer or cannot serve now",
		[CTL_EXIT_NO_ROOM] = "no room, on the nodes or on the local disk",
		[CTL_EXIT_REFUSED] = "refused: token, permissions, or something is in the way",
	};

	fprintf(out, "\nExit status:\n");
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		fprintf(out, "  %zu  %s\n", i, lines[i]);
}
