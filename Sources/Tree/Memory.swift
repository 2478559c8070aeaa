// Memory as the tree's unsafe files need it: large, zeroed, and resident only where touched.

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// From this size on memory comes straight from the system: the allocator might give what it was
/// given back before, and would have to clear all of it at once.
///
/// Huge pages are not asked for: look-ups in a large tree gained a tenth, but clearing 2 MiB at a
/// touch held up single writes for milliseconds.
private let mappedSizeMin = 1 << 20

/// Memory of zeroes, which the system makes resident page by page as it is touched.
@unsafe
func zeroedMemory<Element>(of type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
    let size = count * MemoryLayout<Element>.stride
    let memory = size < mappedSizeMin ? unsafe calloc(1, size) : unsafe mappedMemory(size)
    // The tree cannot be half there: who has no memory for it must not go on.
    guard let memory = unsafe memory else { fatalError("out of memory: \(size) bytes refused") }
    return unsafe memory.bindMemory(to: type, capacity: count)
}

/// Gives back what `zeroedMemory` gave for as many elements.
@unsafe
func freeZeroedMemory<Element>(_ memory: UnsafeMutablePointer<Element>, count: Int) {
    let size = count * MemoryLayout<Element>.stride
    if size < mappedSizeMin {
        unsafe free(memory)
    } else {
        unsafe munmap(memory, size)
    }
}

@unsafe
private func mappedMemory(_ size: Int) -> UnsafeMutableRawPointer? {
    let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return nil }
    return unsafe memory
}

/// Whether two stretches of memory hold the same bytes.
@unsafe @inline(__always)
func equalMemory(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, count: Int) -> Bool {
    unsafe memcmp(left, right, count) == 0
}
