/* What Prometheus's client libraries tell of every process, under their names, so that the usual dashboards and
 * alarms on memory, processor and descriptors work; and the version.  Read when asked, from the kernel. */
#ifndef GW_METRICS_PROCESS_H
#define GW_METRICS_PROCESS_H

#include <stdio.h>

/* in the exposition format; what the kernel does not tell is left out.  Any thread. */
void process_metrics_write(FILE *out);

#endif
