// The format of a spec as editors understand it; conf/ensemble.schema.json has the same text.

/// The JSON schema of the spec.
public enum EnsembleSchema {
    /// Its text.
    public static let json = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Aviary ensemble",
          "type": "object",
          "additionalProperties": false,
          "required": [
            "servers"
          ],
          "properties": {
            "version": {
              "const": 1,
              "description": "The version of this format."
            },
            "ensemble": {
              "type": "string",
              "pattern": "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$",
              "description": "The name; the file's base name if absent."
            },
            "runtime": {
              "enum": [
                "process",
                "docker",
                "ssh",
                "external"
              ],
              "default": "process"
            },
            "docker": {
              "type": "object",
              "description": "For runtime docker.",
              "additionalProperties": false,
              "properties": {
                "image": {
                  "type": "string",
                  "default": "aviary"
                }
              }
            },
            "ssh": {
              "type": "object",
              "description": "For runtime ssh: how the servers' hosts are reached.",
              "additionalProperties": false,
              "properties": {
                "user": {
                  "type": "string"
                },
                "port": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 65535
                },
                "identity": {
                  "type": "string",
                  "description": "A file with the key."
                },
                "directory": {
                  "type": "string",
                  "pattern": "^/",
                  "default": "/var/lib/aviary",
                  "description": "The folder on each host for the program and the ensembles."
                },
                "binary": {
                  "type": "string",
                  "description": "The program to put on the hosts, if not the one that is running."
                },
                "options": {
                  "type": "array",
                  "description": "Further options, as behind ssh -o.",
                  "items": {
                    "type": "string"
                  }
                }
              }
            },
            "config": {
              "type": "object",
              "description": "Keys of zoo.cfg.",
              "additionalProperties": {
                "type": [
                  "string",
                  "number",
                  "boolean"
                ]
              }
            },
            "servers": {
              "oneOf": [
                {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 255,
                  "description": "So many participants on localhost."
                },
                {
                  "type": "array",
                  "minItems": 1,
                  "maxItems": 255,
                  "items": {
                    "$ref": "#/$defs/server"
                  }
                }
              ]
            }
          },
          "$defs": {
            "server": {
              "type": "object",
              "additionalProperties": false,
              "required": [
                "id"
              ],
              "properties": {
                "id": {
                  "type": "integer",
                  "minimum": 1,
                  "maximum": 255
                },
                "host": {
                  "type": "string",
                  "default": "localhost"
                },
                "clientHost": {
                  "type": "string",
                  "description": "Where it serves clients, if not at host (runtime external)."
                },
                "role": {
                  "enum": [
                    "participant",
                    "observer"
                  ],
                  "default": "participant"
                },
                "ports": {
                  "type": "object",
                  "additionalProperties": false,
                  "properties": {
                    "client": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "quorum": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "election": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "admin": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "secureClient": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "metrics": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    }
                  }
                },
                "dataDir": {
                  "type": "string"
                },
                "dataLogDir": {
                  "type": "string"
                },
                "group": {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 2147483647
                },
                "weight": {
                  "type": "integer",
                  "minimum": 0,
                  "maximum": 1000000
                },
                "config": {
                  "type": "object",
                  "description": "Keys of zoo.cfg.",
                  "additionalProperties": {
                    "type": [
                      "string",
                      "number",
                      "boolean"
                    ]
                  }
                }
              }
            }
          }
        }

        """#
}
