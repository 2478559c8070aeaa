// What launcher and host say to each other: a line of words, then bytes. Neither side believes a
// length beyond what it would ever be sent.

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A question or an answer.
struct HostMessage: Equatable {
    /// The first is what is asked, or how it went.
    var words: [String]
    /// Bytes of a file.
    var payload: [UInt8] = []

    static let payloadSizeMax = 16 << 20
    private static let lineSizeMax = 1 << 16

    /// As it is sent.
    var bytes: [UInt8] {
        let line = ([String(payload.count)] + words.map(HostMessage.escaped)).joined(separator: " ")
        return Array((line + "\n").utf8) + payload
    }

    /// Takes a whole message from the beginning of what has come; nil if it is not whole yet.
    static func take(from buffer: inout [UInt8]) throws(EnsembleError) -> HostMessage? {
        guard let end = buffer.firstIndex(of: UInt8(ascii: "\n")) else {
            guard buffer.count <= lineSizeMax else { throw EnsembleError("a line without end") }
            return nil
        }
        let line = String(decoding: buffer[..<end], as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard let first = words.first, let size = Int(first), (0...payloadSizeMax).contains(size)
        else { throw EnsembleError("not the language of this program: \(line.prefix(200))") }
        guard buffer.count - end - 1 >= size else { return nil }
        let payload = Array(buffer[(end + 1)..<(end + 1 + size)])
        buffer.removeFirst(end + 1 + size)
        return HostMessage(words: words.dropFirst().map(unescaped), payload: payload)
    }

    /// A word without blanks, line ends and per cents; `%` alone is the empty one.
    private static func escaped(_ word: String) -> String {
        if word.isEmpty { return "%" }
        var result = ""
        for scalar in word.unicodeScalars {
            switch scalar {
            case "%": result += "%p"
            case " ": result += "%s"
            case "\n": result += "%n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func unescaped(_ word: String) -> String {
        if word == "%" { return "" }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in word.unicodeScalars {
            if isEscaped {
                result.append(scalar == "p" ? "%" : scalar == "s" ? " " : "\n")
                isEscaped = false
            } else if scalar == "%" {
                isEscaped = true
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
