public import Records

/// The paths under a quota, and where the znodes of one are.
struct QuotaTable {
    private var paths: Set<Path> = []

    var isEmpty: Bool { paths.isEmpty }

    /// All of them, sorted.
    var all: [Path] { paths.sorted() }

    mutating func insert(_ path: Path) { paths.insert(path) }
    mutating func remove(_ path: Path) { paths.remove(path) }

    /// The deepest of them that is `path` or above it.
    func nearest(to path: Path) -> Path? {
        if paths.isEmpty { return nil }
        var current: Path? = path
        while let candidate = current {
            if paths.contains(candidate) { return candidate }
            current = candidate.parent
        }
        return nil
    }
}

/// The znodes of a quota: for a path P they are `/zookeeper/quota` P `/zookeeper_limits`, and the
/// same with `/zookeeper_stats`.
public enum QuotaPaths {
    static let top: Path = "/zookeeper/quota"
    private static let limitsName = Array("/zookeeper_limits".utf8)
    private static let usageName = Array("/zookeeper_stats".utf8)

    /// Where the limits of a path are.
    public static func limits(of path: Path) -> Path { Path(top.bytes + path.bytes + limitsName) }

    /// Where the usage of a path is.
    public static func usage(of path: Path) -> Path { Path(top.bytes + path.bytes + usageName) }

    /// Which of the two znodes a path is, and of which path.
    enum Kind: Equatable {
        case limits(of: Path)
        case usage(of: Path)
    }

    /// Nil for nearly all paths, and told from few of their bytes.
    static func kind(of path: Path) -> Kind? {
        let bytes = path.bytes
        guard bytes.count > top.bytes.count, bytes[1] == UInt8(ascii: "z"),
            bytes[top.bytes.count] == UInt8(ascii: "/"), bytes.starts(with: top.bytes)
        else { return nil }
        // A quota on `/` would leave nothing between the two; there is no such thing.
        if let target = middle(of: bytes, before: limitsName) { return .limits(of: target) }
        if let target = middle(of: bytes, before: usageName) { return .usage(of: target) }
        return nil
    }

    private static func middle(of bytes: [UInt8], before name: [UInt8]) -> Path? {
        let end = bytes.count - name.count
        guard end > top.bytes.count, bytes[end...].elementsEqual(name) else { return nil }
        return Path(Array(bytes[top.bytes.count..<end]))
    }
}
