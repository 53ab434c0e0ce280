"""authority - a certificate authority of a test's own, made with openssl(1)."""
import pathlib
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def openssl(*args, **kw):
    return subprocess.run(["openssl", *map(str, args)], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, **kw).stdout


class Authority:
    """ca: the file that clients are to trust. cert, key: a server's, for 127.0.0.1."""

    def __init__(self, tmp, name="The test's authority"):
        self.tmp = pathlib.Path(tmp)
        self.tmp.mkdir(parents=True, exist_ok=True)
        self.ca, self._key = self.tmp / "ca.pem", self.tmp / "ca.key"
        openssl("req", "-x509", *CURVE, "-keyout", self._key, "-out", self.ca, "-subj", f"/CN={name}", "-days", 2)
        self.cert, self.key = self.issue("server")

    def issue(self, name, names="IP:127.0.0.1", days=2):
        """Certificate and key, in files; names: its subjectAltName; days < 0: it has expired."""
        cert, key, request = (self.tmp / f"{name}.{end}" for end in ("pem", "key", "csr"))
        openssl("req", *CURVE, "-keyout", key, "-out", request, "-subj", f"/CN={name}", "-addext",
                f"subjectAltName={names}")
        openssl("x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._key, "-days", days, "-copy_extensions",
                "copy", "-out", cert)
        return cert, key
