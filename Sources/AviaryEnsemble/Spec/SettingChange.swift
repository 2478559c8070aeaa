// A setting that is another one than it was, in words: why a server restarts, and in what a spec
// differs from what runs.

/// A setting and what becomes of it.
public struct SettingChange: Equatable, Sendable {
    /// A key of zoo.cfg, or `binary`, `roll`, `role`, `client port` and the like.
    public var key: String
    /// What it was; nil if it was not set.
    public var old: String?
    /// What it is to be; nil if it is not set any more.
    public var new: String?

    /// Makes one of these values.
    public init(_ key: String, _ old: String?, _ new: String?) {
        self.key = key
        self.old = old
        self.new = new
    }

    /// Whether its values are for nobody to read.
    private var isSecret: Bool {
        let name = key.lowercased()
        return ["password", "digest", "secret"].contains { name.contains($0) }
    }

    /// "maxClientCnxns 80 → 90".
    public var text: String {
        if key == "roll" { return key }
        if isSecret { return "another \(key)" }
        let unset = ["binary", "image"].contains(key) ? "aviary's own" : "unset"
        return "\(key) \(old ?? unset) → \(new ?? unset)"
    }

    /// The same for programs.
    var json: JSONValue {
        .object([
            JSONValue.Field("key", .string(key)),
            JSONValue.Field("old", isSecret ? .null : JSONValue(old)),
            JSONValue.Field("new", isSecret ? .null : JSONValue(new)),
        ])
    }

    /// What is different between two lists of settings, in the order of the new one.
    static func between(_ old: [ConfigEntry], _ new: [ConfigEntry]) -> [SettingChange] {
        func last(_ entries: [ConfigEntry], _ key: String) -> String? {
            entries.last { $0.key == key }?.value
        }
        var seen: Set<String> = []
        return (new + old).map(\.key).filter { seen.insert($0).inserted }.compactMap { key in
            let (before, after) = (last(old, key), last(new, key))
            return before == after ? nil : SettingChange(key, before, after)
        }
    }

    /// What is different between what a server was started with and what it is to have.
    ///
    /// Both are a server's `stamp`. A roll is a reason of its own only where there is no other.
    static func between(stamp old: String, _ new: String) -> [SettingChange] {
        func entries(_ stamp: String) -> [ConfigEntry] {
            let all = stamp.split(separator: "\n").compactMap { line -> ConfigEntry? in
                guard let equals = line.firstIndex(of: "=") else { return nil }
                let (key, value) = (String(line[..<equals]), line[line.index(after: equals)...])
                let isUnset = value.isEmpty && ["binary", "image", "roll"].contains(key)
                return isUnset ? nil : ConfigEntry(key: key, value: String(value))
            }
            // Earlier stamps have the image of a roll under the name of a program's.
            guard let image = all.lastIndex(where: { $0.key == "image" }),
                let binary = all.lastIndex(where: { $0.key == "binary" })
            else { return all }
            var entries = all
            entries[image].value = all[binary].value
            entries.remove(at: binary)
            return entries
        }
        let all = between(entries(old), entries(new))
        return all.count > 1 ? all.filter { $0.key != "roll" } : all
    }
}

extension [SettingChange] {
    /// "maxClientCnxns 80 → 90, snapCount unset → 5000".
    public var text: String { map(\.text).joined(separator: ", ") }
}
