import Jute

/// How snapshots are compressed on disk; the end of a file's name tells it.
public enum SnapshotCompression: String, CaseIterable, Sendable {
    case gzip = "gz"
    case snappy = "snappy"

    /// What a name ends with.
    var suffix: String { "." + rawValue }

    /// How the file of this name is compressed; nil if it is not.
    init?(of name: String) {
        guard let found = Self.allCases.first(where: { name.hasSuffix($0.suffix) }) else {
            return nil
        }
        self = found
    }
}

/// What the bytes of a snapshot go through on their way into the file.
enum SnapshotEncoder: Sendable {
    case plain
    case gzip(GzipEncoder)
    case snappy(SnappyEncoder)

    init(_ compression: SnapshotCompression?) {
        switch compression {
        case nil: self = .plain
        case .gzip: self = .gzip(GzipEncoder())
        case .snappy: self = .snappy(SnappyEncoder())
        }
    }

    /// What can be written after the next piece; nil is the piece itself.
    mutating func encode(_ piece: RawSpan) -> [UInt8]? {
        switch self {
        case .plain: return nil
        case .gzip(var encoder):
            self = .plain
            defer { self = .gzip(encoder) }
            return encoder.encode(Array(copying: piece))
        case .snappy(var encoder):
            self = .plain
            defer { self = .snappy(encoder) }
            return encoder.encode(Array(copying: piece))
        }
    }

    /// What is left to be written at the end.
    mutating func finish() -> [UInt8] {
        switch self {
        case .plain: return []
        case .gzip(var encoder):
            defer { self = .plain }
            return encoder.finish()
        case .snappy(var encoder):
            defer { self = .plain }
            return encoder.finish()
        }
    }
}
