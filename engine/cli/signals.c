#include "cli/signals.h"

#include "cli/cli.h"

#include <signal.h>
#include <unistd.h>

enum { LEAVE_WITHIN_S = 30 };

static volatile sig_atomic_t leaving, reloading;

static void on_signal(int number)
{
    (void)number;
    leaving = 1;
    alarm(LEAVE_WITHIN_S);
}

/* a broker that does not answer must not hold us back: what is not committed is read again next time */
static void on_alarm(int number)
{
    (void)number;
    static const char text[] = "gridwarn: the broker did not take the last commit within 30 s; leaving without it\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    _exit(written < 0 ? CLI_INTERNAL : CLI_BROKER);
}

static void on_hangup(int number)
{
    (void)number;
    reloading = 1;
}

void signals_install(void)
{
    struct sigaction leave = {.sa_handler = on_signal}, reload = {.sa_handler = on_hangup},
                     give_up = {.sa_handler = on_alarm}, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &leave, NULL);
    sigaction(SIGINT, &leave, NULL);
    sigaction(SIGALRM, &give_up, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGHUP, &reload, NULL); /* a closed terminal is no reason to stop warning, either */
}

bool signals_leaving(void)
{
    return leaving;
}

bool signals_reloading(void)
{
    bool asked = reloading;
    reloading = 0;
    return asked;
}
