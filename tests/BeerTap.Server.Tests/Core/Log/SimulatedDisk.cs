using BeerTap.Server.Core.Log;

namespace BeerTap.Server.Tests.Core.Log;

/// <summary>
/// A folder in memory that keeps apart what was written and what is on the disk. Operations can be made to fail, and the power can be cut
/// before any of them; then any part of what was not flushed is on the disk, sector by sector.
/// </summary>
internal sealed class SimulatedDisk : ILogDisk
{
    private const int Sector = 512;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Content> _names = [];
    private readonly Dictionary<string, Content> _durableNames = [];
    private readonly List<Action<Dictionary<string, Content>>> _nameChanges = [];
    private bool _off;

    /// <summary>Called before each operation with its name and the file's; may throw what the operation throws.</summary>
    public Action<string, string> Before { get; set; } = (_, _) => { };

    public long Operations { get; private set; }

    public IReadOnlyList<string> List()
    {
        lock (_gate)
        {
            ThrowIfOff();
            return [.. _names.Keys];
        }
    }

    public ILogFile Create(string name, long length)
    {
        var content = new Content(name);
        Do("create", name, () =>
        {
            ChangeNames(names => names[name] = content);
            content.Write(new byte[length], 0);
        });
        Do("flush", name, content.Flush, content.FailFlush);
        return new SimulatedFile(this, content);
    }

    public ILogFile Open(string name)
    {
        lock (_gate)
        {
            ThrowIfOff();
            return _names.TryGetValue(name, out var content) ? new SimulatedFile(this, content) : throw new FileNotFoundException(name);
        }
    }

    public void Rename(string from, string to) => Do("rename", from, () =>
    {
        if (!_names.TryGetValue(from, out var renamed))
        {
            throw new FileNotFoundException(from);
        }

        renamed.Name = to;
        ChangeNames(names =>
        {
            if (names.Remove(from, out var content))
            {
                names[to] = content;
            }
        });
    });

    public void Delete(string name) => Do("delete", name, () => ChangeNames(names => names.Remove(name)));

    public void FlushNames() => Do("flushNames", "", () =>
    {
        foreach (var change in _nameChanges)
        {
            change(_durableNames);
        }

        _nameChanges.Clear();
    });

    /// <summary>Gets the folder as the machine finds it after the power was cut now. This one answers nothing any more.</summary>
    public SimulatedDisk CutPower(Random random)
    {
        lock (_gate)
        {
            _off = true;
            var names = new Dictionary<string, Content>(_durableNames);
            foreach (var change in _nameChanges.Take(random.Next(_nameChanges.Count + 1)))
            {
                change(names);
            }

            var after = new SimulatedDisk();
            foreach (var (name, content) in names)
            {
                after._names[name] = after._durableNames[name] = content.AfterPowerCut(name, random);
            }

            return after;
        }
    }

    /// <summary>
    /// Gets the folder as the next process finds it: what was written is there, flushed or not. The one before answers nothing any more.
    /// </summary>
    public SimulatedDisk Kill()
    {
        lock (_gate)
        {
            _off = true;
            var after = new SimulatedDisk();
            var copies = _names.Values.Concat(_durableNames.Values).Distinct().ToDictionary(content => content, content => content.Copy());
            foreach (var (name, content) in _names)
            {
                after._names[name] = copies[content];
            }

            foreach (var (name, content) in _durableNames)
            {
                after._durableNames[name] = copies[content];
            }

            foreach (var change in _nameChanges)
            {
                // Renames and deletions speak of names; a creation speaks of its content, which has a copy now.
                after._nameChanges.Add(names =>
                {
                    change(names);
                    foreach (var (name, content) in names.ToList())
                    {
                        names[name] = copies.GetValueOrDefault(content, content);
                    }
                });
            }

            return after;
        }
    }

    /// <summary>Gets another folder with the same files, all flushed.</summary>
    public SimulatedDisk Copy()
    {
        lock (_gate)
        {
            var copy = new SimulatedDisk();
            foreach (var (name, content) in _names)
            {
                copy.Replace(name, (byte[])content.Cached.Clone());
            }

            return copy;
        }
    }

    /// <summary>Puts a flushed file of these bytes under a name.</summary>
    public void Replace(string name, byte[] bytes)
    {
        var content = new Content(name);
        content.Write(bytes, 0);
        content.Flush();
        _names[name] = _durableNames[name] = content;
    }

    /// <summary>Gets the bytes of a file, to damage them: both what is read and what is on the disk.</summary>
    public byte[] BytesOf(string name)
    {
        lock (_gate)
        {
            _names[name].Flush();
            return _names[name].Cached;
        }
    }

    private void Do(string operation, string name, Action work, Action? onFailure = null)
    {
        lock (_gate)
        {
            ThrowIfOff();
            Operations++;
            try
            {
                Before(operation, name);
            }
            catch (IOException)
            {
                onFailure?.Invoke();
                throw;
            }

            ThrowIfOff();
            work();
        }
    }

    private void ChangeNames(Action<Dictionary<string, Content>> change)
    {
        change(_names);
        _nameChanges.Add(change);
    }

    private void ThrowIfOff()
    {
        if (_off)
        {
            throw new PowerCutException();
        }
    }

    private sealed class SimulatedFile(SimulatedDisk disk, Content content) : ILogFile
    {
        public long Length => content.Cached.Length;

        public int Read(Span<byte> buffer, long offset)
        {
            lock (disk._gate)
            {
                disk.ThrowIfOff();
                var length = (int)Math.Clamp(content.Cached.Length - offset, 0, buffer.Length);
                content.Cached.AsSpan((int)Math.Min(offset, content.Cached.Length), length).CopyTo(buffer);
                return length;
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            var copy = bytes.ToArray();
            disk.Do("write", content.Name, () => content.Write(copy, offset));
        }

        public void Flush() => disk.Do("flush", content.Name, content.Flush, content.FailFlush);

        public void Dispose()
        {
        }
    }

    private sealed class Content(string name)
    {
        private readonly List<(byte[] Bytes, long Offset)> _pending = [];
        private byte[] _durable = [];

        public string Name { get; set; } = name;

        public byte[] Cached { get; private set; } = [];

        public void Write(byte[] bytes, long offset)
        {
            Cached = Put(Cached, bytes, offset);
            _pending.Add((bytes, offset));
        }

        public void Flush()
        {
            if (_pending.Count > 0)
            {
                _durable = (byte[])Cached.Clone();
                _pending.Clear();
            }
        }

        /// <summary>As Linux does it: the pages count as written from now on, though any part of them may be missing on the disk.</summary>
        public void FailFlush() => _pending.Clear();

        public Content AfterPowerCut(string newName, Random random)
        {
            var bytes = (byte[])_durable.Clone();
            foreach (var (written, offset) in _pending)
            {
                for (var at = 0; at < written.Length;)
                {
                    var length = (int)Math.Min(written.Length - at, Sector - ((offset + at) % Sector));
                    if (random.Next(2) == 0)
                    {
                        bytes = Put(bytes, written.AsSpan(at, length).ToArray(), offset + at);
                    }

                    at += length;
                }
            }

            return new Content(newName) { Cached = bytes, _durable = (byte[])bytes.Clone() };
        }

        public Content Copy()
        {
            var copy = new Content(Name) { Cached = (byte[])Cached.Clone(), _durable = (byte[])_durable.Clone() };
            copy._pending.AddRange(_pending);
            return copy;
        }

        private static byte[] Put(byte[] file, byte[] bytes, long offset)
        {
            if (file.Length < offset + bytes.Length)
            {
                Array.Resize(ref file, (int)(offset + bytes.Length));
            }

            bytes.CopyTo(file, offset);
            return file;
        }
    }
}

/// <summary>The machine is off.</summary>
internal sealed class PowerCutException() : Exception("The power was cut.");
