/*
 * How much memory this program has had at most. getrusage(2) goes on counting from whoever started
 * it: a large program that forks gives its own size to what it runs.
 */
#include "ingest/base.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "ingest/whole.h"

#include "pipeline_priv.h"

/* "VmHWM:     32312 kB" of proc_pid_status(5). False: there is no such file here, or it may not be read. */
static bool
read_status(int64_t *bytes)
{
    char text[8192], *line;
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n;
    long kib;

    if (fd < 0)
        return false;
    n = whole_read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0)
        return false;
    text[n] = '\0';
    if ((line = strstr(text, "\nVmHWM:")) == NULL)
        return false;
    kib = strtol(line + strlen("\nVmHWM:"), NULL, 10);
    *bytes = (int64_t)kib * 1024;
    return kib > 0;
}

int64_t
peak_bytes(void)
{
    struct rusage usage;
    int64_t bytes;

    if (read_status(&bytes))
        return bytes;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0;
}
