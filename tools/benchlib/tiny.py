"""tiny.py LOG FOLDER LINES: the lines of a CloudFront log in files of LINES each, a thousand to a directory, each file with the headers."""

import itertools
import gzip
import multiprocessing
import os
import sys
import zlib

FILES_A_JOB = 1000


def write_files(job):
    folder, head, lines, each = job
    os.makedirs(folder, exist_ok=True)
    for at in range(0, len(lines), each):
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        data = packer.compress(head + b"".join(lines[at:at + each])) + packer.flush()
        with open(os.path.join(folder, "%06d.log.gz" % (at // each)), "wb") as out:
            out.write(data)


def jobs(path, folder, each):
    with gzip.open(path) as f:
        head = f.readline() + f.readline()
        for number in itertools.count():
            lines = list(itertools.islice(f, each * FILES_A_JOB))
            if not lines:
                return
            yield os.path.join(folder, "files", "%03d" % number), head, lines, each


def main():
    path, folder, each = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with multiprocessing.Pool() as pool:
        for _ in pool.imap(write_files, jobs(path, folder, each)):
            pass


if __name__ == "__main__":
    main()
