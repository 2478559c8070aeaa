// Which ensembles there are on this machine, and which of them is meant when none is named.

internal import Configuration
internal import Storage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The folder of all ensembles.
public struct EnsembleHome: Sendable {
    /// Absolute.
    public let path: String

    /// The folder that is named, else `$AVIARY_HOME`, else the platform's place for state.
    public init(_ directory: String? = nil) {
        let chosen = directory ?? EnsembleHome.variable("AVIARY_HOME") ?? EnsembleHome.standard
        // Servers are started from elsewhere than verbs are typed.
        path = chosen.hasPrefix("/") ? chosen : EnsembleHome.workingDirectory + "/" + chosen
    }

    private static var standard: String {
        let user = variable("HOME") ?? "/tmp"
        #if canImport(Darwin)
            return user + "/Library/Application Support/aviary"
        #else
            return (variable("XDG_STATE_HOME") ?? user + "/.local/state") + "/aviary"
        #endif
    }

    private static func variable(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        let text = unsafe String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// Where this process was started.
    public static var workingDirectory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return "." }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The names of the ensembles there are, ascending.
    public var names: [String] {
        let fileSystem = POSIXFileSystem()
        let all = (try? fileSystem.list(path)) ?? []
        return all.filter { (try? fileSystem.exists("\(path)/\($0)/launcher")) ?? false }.sorted()
    }

    /// The folder of one ensemble, which may not be there yet.
    public func folder(_ name: String) -> EnsembleFolder { EnsembleFolder(name, home: path) }

    // No ensemble has this name: none begins with a dot.
    private var currentPath: String { path + "/.current" }

    /// The ensemble that `use` has chosen, as long as it is there.
    public var current: String? {
        guard let name = LauncherFile.firstLine(currentPath) else { return nil }
        return names.contains(name) ? name : nil
    }

    /// Makes an ensemble the current one.
    public func use(_ name: String) throws {
        try LauncherFile.write("\(name)\n", to: currentPath)
    }

    /// The ensemble that is named, else the current one, else the only one there is.
    public func find(_ name: String?) throws(EnsembleError) -> EnsembleFolder {
        try checkReadable()
        let all = names
        if let name {
            guard all.contains(name) else {
                try checkOthers(name)
                throw unknown(name, among: all)
            }
            return folder(name)
        }
        if let chosen = current ?? (all.count == 1 ? all.first : nil) { return folder(chosen) }
        guard !all.isEmpty else {
            try checkOthers(nil)
            throw EnsembleError(
                .unreachable,
                "there is no ensemble in \(path). 'aviary up' starts one; --dir DIR or "
                    + "AVIARY_HOME says where others are")
        }
        throw EnsembleError(
            .misused,
            "there are several ensembles (\(all.joined(separator: ", "))). Add --ensemble NAME, "
                + "or choose one for good with 'aviary use NAME'")
    }

    /// A folder that may not be read is not an empty one.
    private func checkReadable() throws(EnsembleError) {
        do throws(StorageError) {
            _ = try POSIXFileSystem().list(path)
        } catch {
            if error.code == .notFound { return }
            throw EnsembleError(
                "the folder of all ensembles, \(path), \(error.message). 'ls -ld \(path)' shows "
                    + "what it is; --dir DIR or AVIARY_HOME says where ensembles are")
        }
    }

    /// An ensemble of another user is there, though nobody else may look into it.
    private func checkOthers(_ name: String?) throws(EnsembleError) {
        let fileSystem = POSIXFileSystem()
        let closed = ((try? fileSystem.list(path)) ?? []).filter { each in
            guard name == nil || name == each else { return false }
            do throws(StorageError) { _ = try fileSystem.exists("\(path)/\(each)/launcher") } catch
            {
                return error.code == .permission
            }
            return false
        }
        guard let first = closed.first else { return }
        throw EnsembleError(
            "ensemble \(first) belongs to another user, and this one may not look into its folder: "
                + "'ls -ld \(path)/\(first)' says whose it is. Type the same as that user, or with "
                + "sudo")
    }

    private func unknown(_ name: String, among all: [String]) -> EnsembleError {
        guard !all.isEmpty else {
            return EnsembleError(
                .unreachable,
                "there is no ensemble \(name) in \(path), nor any other. "
                    + "'aviary up --ensemble \(name)' starts it")
        }
        let hint = NearestWord.of(name, in: all).map { " Did you mean \($0)?" } ?? ""
        return EnsembleError(
            .unreachable,
            "there is no ensemble \(name) in \(path), only \(all.joined(separator: ", ")).\(hint) "
                + "'aviary ls' lists them")
    }
}
