module watchfloor

go 1.19
