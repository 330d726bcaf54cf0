"""Mounts a filesystem that never answers onto a folder, until its standard input ends."""

import ctypes
import os
import sys

device = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
if libc.mount(b"hang", sys.argv[1].encode(), b"fuse", 0, options):
    sys.exit(os.strerror(ctypes.get_errno()))
print("hangs", flush=True)
sys.stdin.read()
libc.umount2(sys.argv[1].encode(), 2)
