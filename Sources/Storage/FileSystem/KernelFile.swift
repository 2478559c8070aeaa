#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Small files that the kernel makes while they are read, as those in `/proc`: they have no size
/// before.
public enum KernelFile {
    /// More than this is none of the files that are read here.
    private static let sizeMax = 1 << 20

    /// What one holds; nil if there is no such file.
    public static func text(_ path: String) -> String? {
        let descriptor = retryingInterrupted { unsafe open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while all.count < sizeMax {
            let count = retryingInterrupted {
                unsafe buffer.withUnsafeMutableBytes {
                    unsafe read(descriptor, $0.baseAddress, $0.count)
                }
            }
            guard count > 0 else { return count < 0 ? nil : String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
        return nil
    }

    /// The lines of one; none if there is no such file.
    public static func lines(_ path: String) -> [Substring] {
        (text(path) ?? "").split(separator: "\n")
    }
}
