complete --keep-order --exclusive --command optscale-ai --arguments "(COMPLETE=fish optscale-ai -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token))"
