#!/bin/sh
# The check of includes can fail: a small tree with one mistake of each sort, and with what is allowed.
set -eu
check=$RUNNER_SOURCE_DIR/tests/layering/includes.sh
mkdir -p tree/runner/base tree/runner/host tree/runner/cli tree/plugins/layers tree/tests/unit/base
cat >tree/runner/base/good.c <<'END'
#include "runner/base/good.h"
#include "runner/plugin.h"
#include <sys/stat.h>
END
echo '#include "runner/cli/table.h"' >tree/runner/main.c
echo '#include "runner/cli/table.h"' >tree/tests/unit/base/up_test.c
echo '  # include  "runner/host/catalog.h" /* up */' >tree/runner/base/up.c
echo '#include "table.h"' >tree/runner/cli/short.c
echo '#include <runner/base/text.h>' >tree/runner/cli/angle.c
echo '#include "tests/unit/base/setup.h"' | tee tree/runner/cli/test.c >tree/tests/unit/base/helped_test.c
echo '#include <cblas.h>' >tree/runner/cli/blas.c
echo '#include <dlfcn.h>' >tree/runner/host/catalog.c
echo '#include <unistd.h>' >tree/plugins/layers/posix.c
echo '#include "runner/plugin.h"' >tree/plugins/layers/quotes.c
echo '#include "csv_cells.h"' | tee tree/plugins/layers/csv.c tree/plugins/layers/csv_table.h >tree/plugins/layers/other.c
printf '#include <runner/plugin.h>\n#include <math.h>\n' >tree/plugins/layers/good.c

if RUNNER_SOURCE_DIR=$PWD/tree sh "$check" >found; then
    echo "nothing was found" >&2
    exit 1
fi
cut -d : -f 1 found >files
diff files - <<'END'
plugins/layers/other.c
plugins/layers/posix.c
plugins/layers/quotes.c
runner/base/up.c
runner/cli/angle.c
runner/cli/blas.c
runner/cli/short.c
runner/cli/test.c
runner/host/catalog.c
tests/unit/base/up_test.c
END
