/* SPDX-License-Identifier: MIT */
/* The parts of the bench that need C. Each prints JSON objects, one a line, and returns 0 or -errno. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/** A tick without a walk: sampler_take(). Argument: rounds. */
int bench_tick(int argc, char **argv);

/** The listeners' queues alone: by a LISTEN dump, and by the pinned BPF iterator. Argument: rounds. */
int bench_dump(int argc, char **argv);
int bench_iterator(int argc, char **argv);

/** The walk alone. Argument: rounds. */
int bench_walk(int argc, char **argv);

/** Reading /proc/net/tcp and tcp6. Argument: rounds. */
int bench_proc(int argc, char **argv);

/** A command. Arguments: rounds, what it is called, the command. */
int bench_command(int argc, char **argv);

/** A scrape of node_exporter. Arguments: rounds, what it is called, a free port, the command. */
int bench_scrape(int argc, char **argv);

/** Attribution of sockets in CLOSE-WAIT. Argument: rounds. */
int bench_owners(int argc, char **argv);

/** The daemon over some time. Arguments: seconds, runtime directory, what it is called, program, config. */
int bench_daemon(int argc, char **argv);

/** From exec to READY=1. Arguments: how many starts, program. */
int bench_ready(int argc, char **argv);

/** From the first SYN to the alert. Arguments: runs, flooders, SYNs a second of each (0: all it can send),
 * what it is called, program, tcpload. */
int bench_detect(int argc, char **argv);

/** @return argument number @p index as a number from 0 to @p most; on anything else the program ends. */
unsigned int bench_number(int argc, char **argv, int index, unsigned int most);

/** @return argument number @p index; without it the program ends. */
char *bench_argument(int argc, char **argv, int index);

#endif
