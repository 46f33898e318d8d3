namespace BeerTap.Server.Storage;

/// <summary>Glass types by number: keys hold numbers, not names.</summary>
internal sealed class LiteDbTypes
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>Every type that was ever poured; numbers count from 1.</summary>
    public IEnumerable<int> All => Enumerable.Range(1, _names.Count);

    public string NameOf(int number) => _names[number - 1];

    public int? Find(string name) => _numbers.TryGetValue(name, out var number) ? number : null;

    /// <summary>The number of a type that is known.</summary>
    public int NumberOf(string name) => _numbers[name];

    /// <summary>Gives a type the next number.</summary>
    public int Add(string name)
    {
        _names.Add(name);
        return _numbers[name] = _names.Count;
    }
}
