// The three functions of the C library that the tree's unsafe files need.

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Memory of zeroes, which the system makes resident page by page as it is touched.
@unsafe
func zeroedMemory<Element>(of type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    guard let memory = unsafe calloc(count, MemoryLayout<Element>.stride) else {
        fatalError("out of memory")
    }
    return unsafe memory.bindMemory(to: type, capacity: count)
}

/// Gives back what `zeroedMemory` gave.
@unsafe
func freeZeroedMemory<Element>(_ memory: UnsafeMutablePointer<Element>) {
    unsafe free(memory)
}

/// Whether two stretches of memory hold the same bytes.
@unsafe @inline(__always)
func equalMemory(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    unsafe memcmp(left, right, count) == 0
}
