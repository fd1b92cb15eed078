/* Between the files that load the configuration.  Each reads its keys of gridwarn.yaml into the configuration. */
#ifndef GW_CONFIG_CONFIG_PRIV_H
#define GW_CONFIG_CONFIG_PRIV_H

#include "config/config.h"
#include "config/yaml.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { ACTOR_KEY_BYTES = 16 };

/* yaml_text and yaml_resolve as copies; "" where absent or wrong.  A path of "-" stays as it is. */
char *config_text(const struct yaml_node *, const char *what, const char *absent, struct problems *);
char *config_path(const struct yaml_node *, const char *what, struct problems *);
/* as yaml_get, and a problem if there is none */
const struct yaml_node *config_need(const struct yaml_node *mapping, const char *key, struct problems *);

/* sources: names, topics or files, times; adds each to the catalogue.  `dispositions`, if there are any, is the last of
 * them. */
void config_read_sources(struct config *, const struct yaml_node *, const struct yaml_node *dispositions,
                         struct problems *);
/* their mappings, once registry, catalogue and actor keys are there */
void config_load_mappings(struct config *, const struct yaml_node *sources, struct problems *);

/* `ephemeral`, a file, or two files */
void config_read_actor_keys(struct config *, const struct yaml_node *, struct problems *);
/* A value given directly or as {file: path}; free().  NULL after a problem, which never shows the value. */
char *config_secret(const struct yaml_node *, const char *what, struct problems *);

/* kafka: properties and topics; output; after the sources, which they must fit */
void config_read_output(struct config *, const struct yaml_node *root, struct problems *);

#endif
