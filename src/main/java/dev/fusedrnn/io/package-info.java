/**
 * Files: safetensors with checksums, saves that survive a crash, strict JSON. Nothing here runs code from a file, and
 * nothing allocates by what a file claims before the claim has been held against the file's real length.
 */
package dev.fusedrnn.io;
