#!/bin/bash
# Where the machine or the disk is busy, workers take their time to start and to open the installation's plugins: they are waited for.
# ctest: no-sanitizer (it waits for what is slow, which is so of itself there)
. "$RUNNER_SOURCE_DIR/tests/e2e/lib.sh"
mkdir slow
cp "$RUNNER" slow/runner
ln -s "$RUNNER_BUILD_DIR/plugins" slow/plugins
cat >slow/runner-worker <<WORKER
#!/bin/sh
sleep 6
exec "$RUNNER_BUILD_DIR/runner-worker" "\$@"
WORKER
chmod +x slow/runner-worker
small slow 1
expect 0 slow/runner check slow.yaml
