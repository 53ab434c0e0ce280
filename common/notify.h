/* notify - tells the service manager what this program does: the protocol of sd_notify(3),
 * one datagram to the socket that $NOTIFY_SOCKET names. */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#define NOTIFY_READY "READY=1"
#define NOTIFY_STOPPING "STOPPING=1"
#define NOTIFY_WATCHDOG "WATCHDOG=1"

/* Sends `state`, lines of NAME=VALUE. $NOTIFY_SOCKET is a path, or @NAME for an abstract socket.
 * 0 when sent, and when there is no manager to tell (unset or empty); -EINVAL for a socket that
 * is neither a whole path nor @NAME, -ENAMETOOLONG, or -errno of the sending. Never blocks:
 * -EAGAIN when the manager's queue is full. Does not log. */
int notify_send(const char *state);

#endif
