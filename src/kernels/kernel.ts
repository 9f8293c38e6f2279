/** A kernel to boot: an image, and the modules that belong to it. */
export interface Kernel {
  /** The catalogue's name, the name that it was built under, or the path that it was given by. */
  readonly name: string
  /** Path of the boot image. */
  readonly vmlinuz: string
  /** What would be `/lib/modules/RELEASE`; undefined for a kernel without loadable modules. */
  readonly modulesDir: string | undefined
  /** Path of the build's `.config`, where it came along. */
  readonly config: string | undefined
  /** As `uname -r` prints it. */
  readonly release: string
  /** The version of the package, where it is from one. */
  readonly packageVersion: string | undefined
  /** The kernel.org version: `6.1.192`, `7.3-rc7`. */
  readonly mainlineVersion: string
}
