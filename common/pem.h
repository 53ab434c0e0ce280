/* pem - certificates and keys in files, checked before a server or a client uses them, so that what is wrong is
 * said at start: the file, the reason and the way out. */
#ifndef COMMON_PEM_H
#define COMMON_PEM_H

#include <stdbool.h>
#include <stddef.h>

/* What a TLS server has, as text of PEM. */
struct pem_server {
	char *cert, *key;
	bool expired; /* the certificate has, so clients will refuse it; or it is not valid yet */
};

/* The chain of certificates and its key. 0; or -errno with a sentence in error: a file cannot be read, is no PEM,
 * is encrypted, or the key is another certificate's. */
int pem_server_load(const char *cert_file, const char *key_file, struct pem_server *out,
	char *error, size_t cap);
void pem_server_release(struct pem_server *s);

/* Can a client trust the certificates in this file? 0; or -errno with a sentence in error. NULL or "": 0, the
 * system's are taken. */
int pem_check_authorities(const char *file, char *error, size_t cap);

#endif
