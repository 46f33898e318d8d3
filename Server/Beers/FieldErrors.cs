namespace BeerTap.Server.Beers;

/// <summary>Collects faults by field name, so that a caller hears of all of them at once.</summary>
internal sealed class FieldErrors
{
    private Dictionary<string, List<string>>? _faults;

    public bool Any => _faults is not null;

    public void Add(string field, string fault)
    {
        _faults ??= new Dictionary<string, List<string>>(StringComparer.Ordinal);
        if (!_faults.TryGetValue(field, out var list)) _faults[field] = list = [];
        list.Add(fault);
    }

    public bool Has(string field) => _faults?.ContainsKey(field) == true;

    /// <summary>All faults in one line.</summary>
    public override string ToString() =>
        string.Join("; ", _faults!.SelectMany(field => field.Value.Select(fault => $"{field.Key} {fault.TrimEnd('.')}")));

    public Problem ToProblem() => Refusals.InvalidFields(
        _faults!.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray(), StringComparer.Ordinal));
}
