#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ingest/dataset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A key file of these bytes is refused or gives keys of ascending days; a client of these bytes has one hash. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("fuzz", 0);
    struct slice client = { (const char *)data, size };
    struct client_key key;
    struct err err = { 0 };
    char path[64];
    bool missing;

    if (fd < 0 || fchmod(fd, 0600) != 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (client_key_read(&key, path, &missing, &err) == ST_OK) {
        if (key.n_epochs == 0 || key.n_epochs > 64)
            abort();
        for (size_t i = 1; i < key.n_epochs; i++)
            if (key.epochs[i].from_day <= key.epochs[i - 1].from_day)
                abort();
    } else {
        client_key_throwaway(&key);
    }
    for (int how = CLIENT_KEYED; how <= CLIENT_EIDA; how++) {
        uint64_t a = 0, b = 0;
        bool one = client_hash(&key, (enum client_hash)how, client, 20000, &a);

        if (one != client_hash(&key, (enum client_hash)how, client, 20000, &b) || a != b)
            abort();
    }
    close(fd);
    return 0;
}
