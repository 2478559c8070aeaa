// The file that an ensemble was started from or changed to last, and whether it still says so.

internal import Storage

extension EnsembleFolder {
    private var specFilePath: String { path + "/spec" }

    /// The spec that `up` or `apply` was given last; nil if neither ever was.
    public var specFile: String? { LauncherFile.firstLine(specFilePath) }

    /// Keeps the path of the spec that the ensemble comes from; it is absolute.
    public func rememberSpecFile(_ file: String) throws {
        guard specFile != file else { return }
        try LauncherFile.write(file + "\n", to: specFilePath)
    }

    /// The spec file that the ensemble comes from, if it would make something else of it by now.
    public var staleSpecFile: String? {
        guard let file = specFile,
            let bytes = (try? AtomicFile.read(file, in: POSIXFileSystem())) ?? nil
        else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let (spec, _) = SpecParser.parse(text, file: file, defaultName: name)
        guard let spec, let wish = try? EnsembleWish(self) else { return nil }
        return wish.isStale(spec) ? file : nil
    }
}

extension EnsembleWish {
    /// Whether a spec would make something else of the ensemble than it is, or cannot any more.
    func isStale(_ file: EnsembleSpec) -> Bool {
        var other = self
        do throws(EnsembleError) { try other.adopt(file) } catch { return true }
        return !SpecDifference.between(spec, other.spec).isEmpty
    }
}
