/* hold: make one memory situation in the cgroup this process starts in, say
 * "ready" on the file named by the last argument, then sleep until killed.
 *
 *   hold anon MIB READY            touch MIB of private anonymous memory, keep it
 *   hold lazyfree MIB READY        touch MIB, then madvise(MADV_FREE) all of it
 *   hold cache MIB FILE READY      write FILE (MIB), fsync, read it all once
 *   hold grow MIB READY            touch MIB page by page (meant to be OOM-killed)
 *
 * Built with: gcc -O2 -static -o hold hold.c
 * static, so that the guest needs no shared library and the process's own
 * page cache (its text) stays small.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(3);
}

static void ready(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, "ready\n", 6) != 6)
		die(path);
	close(fd);
}

/* Every page gets other bytes: nothing (zero page, KSM) can share them. */
static unsigned char *touch(size_t bytes)
{
	unsigned char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		die("mmap");
	for (size_t i = 0; i < bytes; i += 4096)
		*(size_t *)(p + i) = i + 1;
	return p;
}

static void cache(const char *path, size_t bytes)
{
	static unsigned char buf[1 << 16];
	size_t done;
	ssize_t n;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd < 0)
		die(path);
	memset(buf, 'x', sizeof buf);
	for (done = 0; done < bytes; done += sizeof buf)
		if (write(fd, buf, sizeof buf) != (ssize_t)sizeof buf)
			die("write");
	if (fsync(fd))
		die("fsync");
	if (lseek(fd, 0, SEEK_SET) < 0)
		die("lseek");
	while ((n = read(fd, buf, sizeof buf)) > 0)
		;
	if (n < 0)
		die("read");
	/* fd stays open: the process still uses the file */
}

int main(int argc, char **argv)
{
	size_t bytes;

	if (argc < 4) {
		fprintf(stderr, "usage: hold anon|lazyfree|grow MIB READY | hold cache MIB FILE READY\n");
		return 2;
	}
	bytes = strtoul(argv[2], NULL, 10) << 20;
	if (!strcmp(argv[1], "anon") || !strcmp(argv[1], "grow")) {
		touch(bytes);
	} else if (!strcmp(argv[1], "lazyfree")) {
		unsigned char *p = touch(bytes);

		if (madvise(p, bytes, MADV_FREE))
			die("madvise");
	} else if (!strcmp(argv[1], "cache") && argc == 5) {
		cache(argv[3], bytes);
	} else {
		return 2;
	}
	ready(argv[argc - 1]);
	for (;;)
		pause();
}
