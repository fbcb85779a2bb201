/*
 * Files that the libraries behind a connection read when it is made again: glibc (nsswitch.conf(5), resolver(5)), OpenSSL,
 * MIT Kerberos. Not /etc as a whole, which holds what nobody needs here. What is not there is passed over.
 */
#include "sandbox_priv.h"

static const struct {
    enum sandbox_right right;
    const char *path;
} files[] = {
    /* shared libraries: name service modules, engines of TLS; character sets, certificates */
    { SANDBOX_READ, "/usr" },
    { SANDBOX_READ, "/lib" },
    { SANDBOX_READ, "/lib64" },
    { SANDBOX_READ, "/etc/ld.so.cache" },
    { SANDBOX_READ, "/etc/ld.so.preload" },
    /* names of hosts, users and services */
    { SANDBOX_READ, "/etc/nsswitch.conf" },
    { SANDBOX_READ, "/etc/resolv.conf" },
    { SANDBOX_READ, "/etc/host.conf" },
    { SANDBOX_READ, "/etc/hosts" },
    { SANDBOX_READ, "/etc/gai.conf" },
    { SANDBOX_READ, "/etc/services" },
    { SANDBOX_READ, "/etc/protocols" },
    { SANDBOX_READ, "/etc/passwd" },
    { SANDBOX_READ, "/etc/group" },
    { SANDBOX_READ, "/run/systemd/resolve" },
    { SANDBOX_READ, "/run/resolvconf" },
    { SANDBOX_READ, "/run/NetworkManager" },
    { SANDBOX_READ, "/run/nscd" },
    { SANDBOX_READ, "/var/cache/nscd" },
    { SANDBOX_READ, "/var/lib/sss/mc" },
    /* TLS */
    { SANDBOX_READ, "/etc/ssl/openssl.cnf" },
    { SANDBOX_READ, "/etc/ssl/certs" },
    { SANDBOX_READ, "/etc/pki" },
    { SANDBOX_READ, "/etc/crypto-policies" },
    /* Kerberos */
    { SANDBOX_READ, "/etc/krb5.conf" },
    { SANDBOX_READ, "/etc/krb5.conf.d" },
    { SANDBOX_READ, "/etc/gss" },
    /* the ledger's name for this host */
    { SANDBOX_READ, "/etc/machine-id" },
    { SANDBOX_READ, "/var/lib/dbus/machine-id" },
    /* the machine */
    { SANDBOX_READ, "/etc/localtime" },
    { SANDBOX_READ, "/sys/devices/system/cpu" },
    { SANDBOX_READ, "/proc/sys/vm/overcommit_memory" },
    { SANDBOX_READ, "/proc/sys/crypto/fips_enabled" },
    { SANDBOX_READ, "/dev/urandom" },
    { SANDBOX_READ, "/dev/random" },
    { SANDBOX_WRITE, "/dev/null" },
};

enum st
sandbox_allow_system(struct sandbox *s, struct err *err)
{
    enum st rc = ST_OK;

    for (size_t i = 0; i < ARRAY_LEN(files) && rc == ST_OK; i++)
        rc = sandbox_allow(s, files[i].right, files[i].path, err);
    return rc;
}
