#!/bin/sh
# start PORT FOLDER: runs one node in the foreground, on this machine's own address, with its data in FOLDER.
set -eu
part=$(cd "$(dirname "$0")" && pwd)
exec '${JAVA_HOME}/bin/java' -Xms384m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  -Djava.io.tmpdir="$2" -Djava.awt.headless=true -Dopensearch.path.home="$part/home" \
  -Dio.netty.noUnsafe=true -Dlog4j.shutdownHookEnabled=false -Dlog4j2.disable.jmx=true \
  --enable-native-access=ALL-UNNAMED -cp "$part/launcher.jar:$part/lib/*" OsLauncher \
  cluster.name=opensearch "http.port=$1" "path.data=$2/data" "path.logs=$2/logs"
