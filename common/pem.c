#include "common/pem.h"

#include "common/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PEM_MAX (1U << 20)

/* Whole file as text. 0 or -errno; -EFBIG past PEM_MAX. */
static int read_text(int fd, struct buf *text)
{
	for (;;) {
		ssize_t n;
		int rc = buf_reserve(text, 65536);

		if (rc < 0)
			return rc;
		n = read(fd, text->data + text->len, 65536);
		if (n < 0)
			return -errno;
		text->len += (size_t)n;
		text->data[text->len] = '\0';
		if (n == 0)
			return 0;
		if (text->len > PEM_MAX)
			return -EFBIG;
	}
}

static int read_pem(const char *file, struct buf *text, char *error, size_t cap)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : read_text(fd, text);

	if (fd >= 0)
		(void)close(fd); /* was only read */
	if (rc < 0) {
		(void)snprintf(error, cap, "cannot read %s: %s", file, strerror(-rc));
		return rc;
	}
	if (strstr(buf_str(text), "-----BEGIN "))
		return 0;
	(void)snprintf(error, cap, "%s is not a PEM file: it has no -----BEGIN line", file);
	return -EINVAL;
}

static gnutls_datum_t datum_of(const struct buf *text)
{
	return (gnutls_datum_t){ .data = (unsigned char *)text->data, .size = (unsigned)text->len };
}

static int refuse(const char *file, const char *what, int rc, char *error, size_t cap)
{
	(void)snprintf(
		error, cap, "%s holds no %s that can be used: %s", file, what, gnutls_strerror(rc));
	return rc == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

static bool valid_now(gnutls_x509_crt_t cert)
{
	time_t now = time(NULL);

	return gnutls_x509_crt_get_activation_time(cert) <= now &&
	       now <= gnutls_x509_crt_get_expiration_time(cert);
}

/* The certificates of a file; valid: is the first one so now? */
static int check_certificates(
	const char *file, const struct buf *text, bool *valid, char *error, size_t cap)
{
	gnutls_datum_t data = datum_of(text);
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	int rc = gnutls_x509_crt_list_import2(&list, &n, &data, GNUTLS_X509_FMT_PEM, 0);

	if (rc < 0)
		return refuse(file, "certificate", rc, error, cap);
	*valid = n > 0 && valid_now(list[0]);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return 0;
}

static int check_key(const char *file, const struct buf *text, char *error, size_t cap)
{
	gnutls_datum_t data = datum_of(text);
	gnutls_x509_privkey_t key;
	int rc = gnutls_x509_privkey_init(&key);

	if (rc < 0)
		return refuse(file, "private key", rc, error, cap);
	rc = gnutls_x509_privkey_import2(key, &data, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_x509_privkey_deinit(key);
	if (rc >= 0)
		return 0;
	if (!strstr(buf_str(text), "ENCRYPTED"))
		return refuse(file, "private key", rc, error, cap);
	(void)snprintf(error, cap,
		"the private key in %s is encrypted: give it without a password (openssl pkey) and "
		"make the file readable to this program only",
		file);
	return -EINVAL;
}

/* Is it the certificate's own key? */
static int check_pair(const char *cert_file, const struct buf *cert, const char *key_file,
	const struct buf *key, char *error, size_t cap)
{
	gnutls_datum_t c = datum_of(cert), k = datum_of(key);
	gnutls_certificate_credentials_t both;
	int rc = gnutls_certificate_allocate_credentials(&both);

	if (rc >= 0) {
		rc = gnutls_certificate_set_x509_key_mem(both, &c, &k, GNUTLS_X509_FMT_PEM);
		gnutls_certificate_free_credentials(both);
	}
	if (rc >= 0)
		return 0;
	if (rc == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		(void)snprintf(error, cap, "the key in %s does not belong to the certificate in %s",
			key_file, cert_file);
	else
		(void)snprintf(error, cap,
			"the certificate in %s and the key in %s cannot be used together: %s",
			cert_file, key_file, gnutls_strerror(rc));
	return rc == GNUTLS_E_MEMORY_ERROR ? -ENOMEM : -EINVAL;
}

int pem_server_load(const char *cert_file, const char *key_file, struct pem_server *out,
	char *error, size_t cap)
{
	struct buf cert = BUF_INIT, key = BUF_INIT;
	bool valid = false;
	int rc = read_pem(cert_file, &cert, error, cap);

	if (rc == 0)
		rc = read_pem(key_file, &key, error, cap);
	if (rc == 0)
		rc = check_certificates(cert_file, &cert, &valid, error, cap);
	if (rc == 0)
		rc = check_key(key_file, &key, error, cap);
	if (rc == 0)
		rc = check_pair(cert_file, &cert, key_file, &key, error, cap);
	if (rc == 0)
		*out = (struct pem_server){ .cert = buf_detach(&cert, NULL),
			.key = buf_detach(&key, NULL),
			.expired = !valid };
	if (key.data)
		explicit_bzero(key.data, key.len);
	buf_release(&cert);
	buf_release(&key);
	return rc;
}

void pem_server_release(struct pem_server *s)
{
	free(s->cert);
	if (s->key)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	*s = (struct pem_server){ 0 };
}

int pem_check_authorities(const char *file, char *error, size_t cap)
{
	struct buf text = BUF_INIT;
	bool valid;
	int rc;

	if (!file || !*file)
		return 0;
	rc = read_pem(file, &text, error, cap);
	if (rc == 0)
		rc = check_certificates(file, &text, &valid, error, cap);
	buf_release(&text);
	return rc;
}
