/* words - the words of `-o`: which are whose. */
#ifndef CDNFS_WORDS_H
#define CDNFS_WORDS_H

enum words_kind {
	WORDS_OURS,    /* perhaps a row of the options' table */
	WORDS_FUSE,    /* goes on to libfuse and the kernel */
	WORDS_IGNORED, /* for mount, fstab or systemd; means nothing here */
};

/* `word` as given, with "=value" if it has one. */
enum words_kind words_kind(const char *word);
/* The last lines of --help: those that are not ours, to stdout. */
void words_usage(void);

#endif
