using System.Globalization;
using System.Text;

namespace BeerTap.Server.Tests.Faults;

/// <summary>
/// A folder as the traced calls make it, which knows what was flushed: bytes by an fsync of their file, names by an fsync of the folder.
/// A power cut may keep any part of the rest.
/// </summary>
internal sealed class ForgetfulDisk(string folder)
{
    private readonly Dictionary<int, Handle> _handles = [];
    private readonly Dictionary<string, Content> _names = [];
    private readonly List<Action<Dictionary<string, Content>>> _unflushedNames = [];
    private readonly Dictionary<string, Content> _flushedNames = [];

    /// <summary>How often a file of this name was written and not flushed since.</summary>
    public int Unflushed(string name) => _names.GetValueOrDefault(name)?.Pending.Count ?? 0;

    /// <summary>How often a file of this name was written.</summary>
    public long Writes(string name) => _names.GetValueOrDefault(name)?.Writes ?? 0;

    public void Apply(SystemCall call)
    {
        switch (call.Name)
        {
            case "openat":
                Open(call);
                break;
            case "close":
                _handles.Remove(call.FirstNumber);
                break;
            case "unlink":
                if (NameIn(call.Arguments) is { } unlinked) Rename(names => names.Remove(unlinked));
                break;
            case "rename":
                var paths = Strings(call.Arguments);
                if (Name(paths[0]) is { } from && Name(paths[1]) is { } to) Rename(names =>
                {
                    if (names.Remove(from, out var moved)) names[to] = moved;
                });
                break;
            default:
                if (call.Name is not ("sendto" or "sendmsg") && _handles.TryGetValue(call.FirstNumber, out var handle)) Use(handle, call);
                break;
        }
    }

    /// <summary>Writes the folder as a power cut at this moment may leave it.</summary>
    /// <param name="keeps">Whether something that was not flushed got to the disk all the same.</param>
    public void CutPower(string target, Func<bool> keeps)
    {
        var names = new Dictionary<string, Content>(_flushedNames);

        // Names change in the order in which they were changed, as far as the disk got.
        foreach (var change in _unflushedNames.TakeWhile(_ => keeps())) change(names);
        foreach (var (name, content) in names)
        {
            var file = content.Flushed.ToArray();
            foreach (var write in content.Pending.Where(_ => keeps())) file = write(file);
            File.WriteAllBytes(Path.Combine(target, name), file);
        }
    }

    private void Open(SystemCall call)
    {
        var path = Strings(call.Arguments)[0];
        var fd = (int)call.Result;
        _handles.Remove(fd);
        if (path == folder) _handles[fd] = new Handle(null);
        if (Name(path) is not { } name || name.EndsWith("-shm", StringComparison.Ordinal) || name.EndsWith(".lock", StringComparison.Ordinal)) return;
        if (!_names.TryGetValue(name, out var content))
        {
            if (!call.Arguments.Contains("O_CREAT", StringComparison.Ordinal)) return;
            content = new Content();
            Rename(names => names[name] = content);
        }

        _handles[fd] = new Handle(content);
        if (call.Arguments.Contains("O_TRUNC", StringComparison.Ordinal)) content.Write(_ => []);
    }

    private void Use(Handle handle, SystemCall call)
    {
        if (handle.Content is not { } content)
        {
            if (call.Name is not ("fsync" or "fdatasync")) return;
            foreach (var change in _unflushedNames) change(_flushedNames);
            _unflushedNames.Clear();
            return;
        }

        switch (call.Name)
        {
            case "lseek":
                handle.At = call.Result;
                break;
            case "write" or "writev":
                Write(content, handle.At, SystemCalls.Bytes(call.Arguments)[..(int)call.Result]);
                handle.At += call.Result;
                break;
            case "pwrite64" or "pwritev":
                Write(content, LastNumber(call.Arguments), SystemCalls.Bytes(call.Arguments)[..(int)call.Result]);
                break;
            case "ftruncate":
                var length = LastNumber(call.Arguments);
                content.Write(file =>
                {
                    Array.Resize(ref file, (int)length);
                    return file;
                });
                break;
            case "fsync" or "fdatasync":
                content.Flush();
                break;
            default:
                break;
        }
    }

    private static void Write(Content content, long at, byte[] bytes) => content.Write(file =>
    {
        if (file.Length < at + bytes.Length) Array.Resize(ref file, (int)at + bytes.Length);
        bytes.CopyTo(file.AsSpan((int)at));
        return file;
    });

    private void Rename(Action<Dictionary<string, Content>> change)
    {
        change(_names);
        _unflushedNames.Add(change);
    }

    private string? NameIn(string arguments) => Name(Strings(arguments)[0]);

    private string? Name(string path) => Path.GetDirectoryName(path) == folder ? Path.GetFileName(path) : null;

    private static List<string> Strings(string arguments) =>
        [.. arguments.Split('"').Where((_, part) => part % 2 != 0).Select(text => Encoding.UTF8.GetString(SystemCalls.Bytes(text)))];

    private static long LastNumber(string arguments) => long.Parse(arguments.AsSpan(arguments.LastIndexOf(',') + 1).Trim(), CultureInfo.InvariantCulture);

    private sealed record Handle(Content? Content)
    {
        public long At { get; set; }
    }

    private sealed class Content
    {
        public byte[] Flushed { get; private set; } = [];

        public List<Func<byte[], byte[]>> Pending { get; } = [];

        public long Writes { get; private set; }

        public void Write(Func<byte[], byte[]> write)
        {
            Pending.Add(write);
            Writes++;
        }

        public void Flush()
        {
            foreach (var write in Pending) Flushed = write(Flushed);
            Pending.Clear();
        }
    }
}
