#!/bin/busybox sh
# The first process of a Linux guest: brings up the network card, runs the
# program, says how it ended, and switches the machine off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for driver in /drivers/*; do insmod "$driver"; done
. /settings
ip link set lo up
if [ -n "$ADDRESS" ]; then
  ip address add "$ADDRESS" dev eth0
  ip link set eth0 up
fi
ulimit -n 1048576
# Ctrl-C on the console is the program's; what it says stays as it is.
stty -echo -onlcr </dev/ttyS0
setsid -c /run </dev/ttyS0 >/dev/ttyS0 2>&1
code=$?
printf '@ebbrt {"event":"exit","code":%d}\n' "$code" >/dev/ttyS0
# Waits until all has been said; then QEMU's exit device.
stty onlcr </dev/ttyS0
printf "\\$(printf %o "$code")" | dd of=/dev/port bs=1 seek=1281 2>/dev/null
poweroff -f
