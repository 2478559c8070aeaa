import NIOCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension Error {
    /// Why a socket failed, in the system's words and without the names of functions.
    var inWords: String {
        guard let failure = self as? IOError else { return "\(self)" }
        return unsafe String(cString: strerror(failure.errnoCode))
    }
}
