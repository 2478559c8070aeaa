"""A certificate authority of a test's own, by openssl and keytool."""
import pathlib
import subprocess


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, **more)
    assert done.returncode == 0, f"{words}: {done.stderr.decode()}"
    return done.stdout


class Authority:
    """Makes certificates for names under `folder`; every file is PEM unless it says otherwise."""
    password = "secret1"

    def __init__(self, folder, name="ca"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.folder / f"{name}.key", self.folder / f"{name}.pem"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", self.key, "-out",
            self.certificate, "-subj", f"/CN=test authority {name}")

    def issue(self, name, subject, hosts="DNS:localhost,IP:127.0.0.1", algorithm="rsa:2048"):
        """(certificate, key) of a subject such as /C=DE/O=Birds/CN=name."""
        key, request, certificate = (self.folder / f"{name}.{end}" for end in ("key", "csr", "crt"))
        curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"] if algorithm == "ec" else []
        run("openssl", "req", "-newkey", algorithm, *curve, "-nodes", "-keyout", key, "-out", request, "-subj", subject, "-utf8")
        extension = self.folder / f"{name}.ext"
        extension.write_text(f"subjectAltName={hosts}\nextendedKeyUsage=serverAuth,clientAuth\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days",
            "30", "-extfile", extension, "-out", certificate)
        return certificate, key

    def pem_store(self, certificate, key, password=None):
        """One file with key and chain, as Apache ZooKeeper wants it."""
        store = certificate.with_suffix(".store.pem")
        if password:
            text = run("openssl", "pkcs8", "-topk8", "-in", key, "-passout", f"pass:{password}", "-v2", "aes256").decode()
        else:
            text = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key).decode()
        store.write_text(text + certificate.read_text() + self.certificate.read_text())
        return store

    def pkcs12_store(self, certificate, key):
        store = certificate.with_suffix(".p12")
        run("openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-certfile", self.certificate, "-name", "own",
            "-passout", f"pass:{self.password}", "-out", store)
        return store

    def java_store(self, certificate, key):
        store = certificate.with_suffix(".jks")
        run("keytool", "-importkeystore", "-srckeystore", self.pkcs12_store(certificate, key), "-srcstoretype", "PKCS12",
            "-srcstorepass", self.password, "-destkeystore", store, "-deststoretype", "JKS", "-deststorepass", self.password,
            "-noprompt")
        return store

    def java_trust(self):
        store = self.certificate.with_suffix(".trust.jks")
        if not store.exists():
            run("keytool", "-importcert", "-file", self.certificate, "-alias", "ca", "-keystore", store, "-storetype", "JKS",
                "-storepass", self.password, "-noprompt")
        return store
