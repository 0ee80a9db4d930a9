"""Says where the ffmpeg lies that the package imageio-ffmpeg holds, as a line of JSON."""

import json

import imageio_ffmpeg

print(json.dumps(imageio_ffmpeg.get_ffmpeg_exe()))
