#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Paths that go on meaning the same wherever they are read.
enum AbsolutePath {
    /// The directory of the process; empty if it is not there any more.
    static var directory: String {
        let path = of("./")
        return path == "/" || !path.hasSuffix("/") ? path : String(path.dropLast())
    }

    /// The path from the root, without resolving links.
    static func of(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return path }
        let end = buffer.firstIndex(of: 0) ?? buffer.count
        let current = String(
            decoding: buffer[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return current == "/" ? "/" + relative : current + "/" + relative
    }
}
